"""Means, intervals and tests of differences for the few seeds that a study can afford.

scipy is imported where it is needed, so that listing jobs stays light.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Of every interval that is shown.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean with its interval; ``sd``, ``low`` and ``high`` are None for a single value.

    Attributes:
        mean: in the values' unit.
        sd: sample standard deviation (n − 1).
        low: lower end of the two-sided 95 % interval.
        high: upper end.
        count: how many values.
    """

    mean: float
    sd: float | None
    low: float | None
    high: float | None
    count: int


def t_interval(values: Sequence[float]) -> Interval:
    """The mean of independent values and Student's 95 % interval around it.

    Raises:
        ValueError: without a value.
    """
    count = len(values)
    if not count:
        raise ValueError("no values to take a mean of")
    mean = math.fsum(values) / count
    if count == 1:
        return Interval(mean, None, None, None, 1)
    sd = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (count - 1))
    half = t_quantile(count - 1) * sd / math.sqrt(count)
    return Interval(mean, sd, mean - half, mean + half, count)


def t_quantile(freedom: float, confidence: float = CONFIDENCE) -> float:
    """Half the width of a two-sided interval in standard errors, at these degrees of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + confidence) / 2))


def t_probability(statistic: float, freedom: float) -> float:
    """Two-sided p-value of Student's t."""
    from scipy.special import stdtr

    return float(2 * stdtr(freedom, -abs(statistic)))


def holm(probabilities: Sequence[float]) -> list[float]:
    """P-values adjusted so that all comparisons together err in at most the asked share of studies.

    Holm (Scandinavian Journal of Statistics 6, 1979), step-down; holds under any dependence.
    """
    order = sorted(range(len(probabilities)), key=lambda i: probabilities[i])
    adjusted = [1.0] * len(order)
    highest = 0.0
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - place) * probabilities[i]))
        adjusted[i] = highest
    return adjusted

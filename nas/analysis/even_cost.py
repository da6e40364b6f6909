"""Attention against a plain backbone of the very same cost, between two that were run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from nas.analysis.comparisons import Evidence
from nas.analysis.front import Point
from nas.analysis.intervals import CONFIDENCE, t_probability, t_quantile
from nas.analysis.noise import Difference


@dataclass(frozen=True)
class EvenCost:
    """A point with attention minus what its cost buys in plain backbones.

    Accuracy is taken as a straight line over the logarithm of the cost between ``below`` and
    ``above``.

    Attributes:
        trial: the point.
        below: the most accurate plain backbone of equal or lower cost.
        above: of the dearer ones, the one whose line is highest at the point's cost.
        share: of the way from ``below`` to ``above`` in the logarithm of the cost, 0…1.
        difference: of accuracy, over the seeds that all three have.
        adjusted: p-value after Holm's correction with all comparisons of the report.
    """

    trial: Point
    below: Point
    above: Point
    share: float
    difference: Difference
    adjusted: float | None = None

    @property
    def separable(self) -> bool:
        """Whether the difference is more than noise, all comparisons considered."""
        return self.adjusted is not None and self.adjusted < 1 - CONFIDENCE

    def to_dict(self) -> dict[str, Any]:
        """Trials by number, accuracies as shares."""
        seen = asdict(self.difference)
        return {
            "trial": self.trial.trial,
            "below": self.below.trial,
            "above": self.above.trial,
            "share": self.share,
            "difference": seen["mean"],
            "low": seen["low"],
            "high": seen["high"],
            "p": seen["probability"],
            "p_adjusted": self.adjusted,
            "separable": self.separable,
        }


def at_even_cost(
    front: Sequence[Point], baselines: Sequence[Point], evidence: Evidence, objective: str
) -> list[EvenCost]:
    """Every repeated point with attention between two repeated plain backbones."""
    runs = evidence.runs
    plain = [b for b in baselines if not b.has_attention and runs.get(b.trial)]
    means = {b.trial: fmean(runs[b.trial].values()) for b in plain}
    found = []
    for point in front:
        cost = point.cost(objective)
        below = [b for b in plain if b.cost(objective) <= cost]
        above = [b for b in plain if b.cost(objective) > cost]
        if not (point.has_attention and runs.get(point.trial) and below and above):
            continue
        base = max(below, key=lambda b: means[b.trial])

        def way(other: Point, start: Point = base, cost: float = cost) -> float:
            whole = math.log(other.cost(objective) / start.cost(objective))
            return math.log(cost / start.cost(objective)) / whole

        best = max(above, key=lambda b: way(b) * (means[b.trial] - means[base.trial]))
        seen = _difference(evidence, point, base, best, way(best))
        if seen is not None:
            found.append(EvenCost(point, base, best, way(best), seen))
    return found


def _difference(
    evidence: Evidence, point: Point, below: Point, above: Point, share: float
) -> Difference | None:
    """Paired by seed; the variance is that of the combination of three independent runs."""
    noise = evidence.noise
    weights = {point.trial: 1.0, below.trial: share - 1, above.trial: -share}
    runs = [evidence.runs[trial] for trial in weights]
    common = sorted(set(runs[0]) & set(runs[1]) & set(runs[2]))
    if noise is None or not common:
        return None
    mean = fmean(
        sum(w * run[seed] for w, run in zip(weights.values(), runs, strict=True)) for seed in common
    )
    parts = {trial: w * w * noise.variances[trial] for trial, w in weights.items()}
    variance = sum(parts.values())
    if variance < 1e-18:
        return None
    spread = sum(part * part / noise.freedoms[trial] for trial, part in parts.items())
    freedom = min(float(noise.freedom), variance**2 / spread)
    error = math.sqrt(variance / len(common))
    half = t_quantile(freedom) * error
    chance = t_probability(mean / error, freedom)
    return Difference(mean, mean - half, mean + half, chance, len(common))

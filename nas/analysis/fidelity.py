"""How well accuracies at a rung predict those at the last one: rank correlation, sign agreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.analysis.intervals import CONFIDENCE

Floats = NDArray[np.float64]

#: Trials below which nothing is concluded. In simulation (400 resamples; normal pairs of true tau 0
#: to 0.8, all different or half of the early accuracies equal) the interval covers the truth in 89
#: to 99 % of cases from 8 trials on, but in 62 % at worst with 5.
LEAST_TRIALS = 8

#: Resamples of the trials behind an interval.
RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval; without one (None) from too few trials."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Fidelity:
    """One rung against the last.

    Attributes:
        rung: its epoch.
        trials: that were seen at both.
        tau: Kendall's rank correlation, -1…1, corrected for ties; None if it can't be told.
        agreement: share of pairs of trials whose order at the rung is that at the last one, 0…1;
            a tie at the rung counts half, one at the last rung not at all.
    """

    rung: int
    trials: int
    tau: Estimate | None
    agreement: Estimate | None

    def blind(self, threshold: float) -> bool:
        """Whether the rung is known not to predict the last one, so that it should prune nothing.

        The estimate decides, from ``LEAST_TRIALS`` trials on: dropping a trial by a rung that says
        nothing can't be undone, training one too long can be afforded.
        """
        return self.trials >= LEAST_TRIALS and not self.proven(threshold)

    def proven(self, threshold: float) -> bool:
        """Whether the rung is known to predict the last one."""
        enough = self.trials >= LEAST_TRIALS
        return enough and self.tau is not None and self.tau.value >= threshold


def fidelities(
    reports: Sequence[Mapping[int, float]], rungs: Sequence[int], *, intervals: bool = True
) -> tuple[Fidelity, ...]:
    """Every rung but the last against the last.

    Args:
        reports: of each trial, rung to accuracy; only trials that were not selected by accuracy.
        rungs: increasing.
        intervals: False leaves them out, which is quicker.
    """
    last = rungs[-1]
    found = []
    for rung in rungs[:-1]:
        both = [(r[rung], r[last]) for r in reports if rung in r and last in r]
        early, late = (
            np.array(column) for column in (zip(*both, strict=True) if both else ((), ()))
        )
        resamples = RESAMPLES if intervals and len(both) >= LEAST_TRIALS else 0
        found.append(Fidelity(rung, len(both), *rank_agreement(early, late, resamples)))
    return tuple(found)


def rank_agreement(
    early: Floats, late: Floats, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[Estimate | None, Estimate | None]:
    """Kendall's tau-b and the share of pairs in the same order, each with its interval.

    Tau-b is that of Kendall, The treatment of ties in ranking problems (Biometrika 33, 1945). The
    intervals are quantiles over resamples of the trials. Where many accuracies are equal these are
    biased; so the interval is the union with what they are once corrected for their bias (Efron,
    Canadian Journal of Statistics 9, 1981, section 7).

    Args:
        early: accuracies at a rung.
        late: of the same trials at the last one.
        resamples: 0 for no intervals.
        seed: of the resamples.

    Returns:
        None for what can't be told because all pairs are tied.
    """
    count = len(early)
    weights = np.ones((1, count))
    if resamples:
        drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), resamples)
        weights = np.concatenate([weights, drawn])
    first, second = (np.sign(x[:, None] - x[None, :]) for x in (early, late))
    same = _pairs(weights, first * second)
    untied, untied_late = _pairs(weights, np.abs(first)), _pairs(weights, np.abs(second))
    with np.errstate(invalid="ignore"):
        tau = same / np.sqrt(untied * untied_late)
        agreement = (1 + same / untied_late) / 2
    return _estimate(tau), _estimate(agreement)


def _pairs(weights: Floats, matrix: Floats) -> Floats:
    """For each row of weights, the sum over pairs of trials of what the matrix holds."""
    total: Floats = ((weights @ matrix) * weights).sum(axis=1)
    return total


def _estimate(values: Floats) -> Estimate | None:
    """Of the whole sample, the first value, with the corrected quantiles of the others."""
    value, others = float(values[0]), values[1:][~np.isnan(values[1:])]
    if np.isnan(value):
        return None
    if not len(others):
        return Estimate(value)
    from scipy.special import ndtr, ndtri

    below = float(np.mean(others < value) + np.mean(others == value) / 2)
    shift = 2 * ndtri(np.clip(below, 1 / len(others), 1 - 1 / len(others)))
    ends = ndtri(np.array([(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]))
    both = np.quantile(others, [ndtr(ends), ndtr(shift + ends)])
    return Estimate(value, min(value, float(both.min())), max(value, float(both.max())))

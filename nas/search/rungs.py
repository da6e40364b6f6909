"""Accuracies at lower rungs as noisy observations of the accuracy at the last one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nas.search.encoding import Floats

#: What a rung is believed to say among trials of like cost before any was seen at both, and what
#: that weighs in trials.
_PRIOR_CORRELATION, _PRIOR_TRIALS = 0.5, 4.0
#: Share of the variance at the last rung; a rung that explains less counts as if it did so much.
_LEAST_EXPLAINED = 0.02
#: Trials seen at both from which the trend in cost is a line, and a parabola.
_LINE_TRIALS, _PARABOLA_TRIALS = 4, 8


@dataclass(frozen=True)
class Hint:
    """What a rung says of the accuracy at the last one, among trials of like cost.

    Attributes:
        usual: at the last rung, for a trial of this cost; one entry a trial.
        ahead: by how much a trial is better at the rung than is usual there for its cost; nan
            where it was not seen.
        slope: points at the last rung for a point ahead.
        variance: at the last rung, that the rung explains.
        left: at the last rung, that it leaves open.
        count: trials that were seen at both.
    """

    usual: Floats
    ahead: Floats
    slope: float
    variance: float
    left: float
    count: int

    def doubted(self) -> Hint:
        """The least that the rung may well say: a correlation lower by one standard error.

        By Fisher's transformation; for who must not be misled, as what is dropped by a rung that
        says nothing is lost, and what is finished in vain costs some epochs.
        """
        whole = self.variance + self.left
        found = min(math.sqrt(self.variance / whole), 0.999)
        least = math.tanh(max(0.0, math.atanh(found) - 1 / math.sqrt(max(1, self.count - 3))))
        part = least / found if found else 0.0
        variance = part**2 * self.variance
        return replace(self, slope=part * self.slope, variance=variance, left=whole - variance)

    def heard(self) -> tuple[Floats, float]:
        """The observation of each trial at the last rung that says as much, and its variance.

        A regression's expectation holds what is known of all trials, too; taken for an observation
        of each, that would count once for every trial. With the share ρ² explained, it is this
        one that turns what is usual into what the regression expects: ``usual + slope ahead / ρ²``
        with variance ``left / ρ²``. A rung that says nothing is heard as next to nothing.
        """
        share = max(self.variance / (self.variance + self.left), _LEAST_EXPLAINED)
        return self.usual + self.slope * self.ahead / share, self.left / share


def hint(low: Floats, top: Floats, cost: Floats) -> Hint:
    """Regress the last rung on a lower one beside a trend in cost.

    The trend keeps apart what a rung says and what the cost would have told: a rung that only
    tells large networks from small ones says nothing of those of like cost. The slope is regressed
    on what trials were promoted by, hence not biased by the promotion; it is drawn towards a prior
    where few were seen at both.

    Args:
        low: accuracy at the rung, nan where a trial was not seen; one entry a trial.
        top: at the last one, likewise; any trial seen.
        cost: of each; nan where it is not known.
    """
    seen, both = ~np.isnan(low), ~np.isnan(low + top)
    count = int(both.sum())
    basis = _trend(cost, count)
    ahead = low - _fitted(basis, low, seen)
    spread = max(float(np.mean(ahead[seen] ** 2)), 1e-12)
    if not count:
        done = top[~np.isnan(top)]
        usual = np.full(len(low), float(done.mean()) if len(done) else 0.0)
        left = max(spread, float(np.var(done)) if len(done) else 0.0)
        return Hint(usual, ahead, 1.0, spread, left, 0)
    free = max(1, count - basis.shape[1])
    end = (top - _fitted(basis, top, both))[both]
    own = (ahead - _fitted(basis, ahead, both))[both]
    whole = float(end @ end) / free if count > basis.shape[1] else float(np.var(top[both]))
    whole = whole or spread
    prior = _PRIOR_CORRELATION * np.sqrt(whole / spread)
    weight = float(own @ own) + _PRIOR_TRIALS * spread
    slope = (float(own @ end) + _PRIOR_TRIALS * prior * spread) / weight
    rest = float(((end - slope * own) ** 2).sum())
    rest += _PRIOR_TRIALS * whole * (1 - _PRIOR_CORRELATION**2)
    usual = _fitted(basis, top - slope * ahead, both)
    left = max(rest / (free + _PRIOR_TRIALS), 1e-12)
    return Hint(usual, ahead, slope, slope**2 * spread, left, count)


def at_last_rung(
    reports: Sequence[Mapping[int, float]], cost: Sequence[float] | Floats
) -> tuple[Floats, Floats]:
    """Each trial's accuracy as if at the highest rung that any trial reached, with its variance.

    Args:
        reports: of each trial, rung to accuracy; nan where there is none.
        cost: of each; nan where it is not known.

    Returns:
        Accuracies (nan where there is none) and the variances that ``Hint.heard`` adds, 0 at the
        top.
    """
    rungs = sorted({rung for report in reports for rung in report})
    table = np.array([[report.get(rung, np.nan) for rung in rungs] for report in reports])
    table = table.reshape(len(reports), len(rungs))
    y, extra = np.full(len(reports), np.nan), np.zeros(len(reports))
    if not rungs:
        return y, extra
    there = ~np.isnan(table)
    highest = np.where(there.any(axis=1), len(rungs) - 1 - there[:, ::-1].argmax(axis=1), -1)
    for place in range(len(rungs) - 1):
        here = highest == place
        if here.any():
            found = hint(table[:, place], table[:, -1], np.array(cost, dtype=np.float64))
            heard, variance = found.heard()
            y[here], extra[here] = heard[here], variance
    y[there[:, -1]] = table[there[:, -1], -1]
    return y, extra


def _trend(cost: Floats, count: int) -> Floats:
    """Powers of the costs' ranks (0…1): as many as so many trials can tell."""
    known = ~np.isnan(cost)
    ranks, ordered = np.full(len(cost), 0.5), np.sort(cost[known])
    below, upto = (np.searchsorted(ordered, cost[known], side) for side in ("left", "right"))
    ranks[known] = (below + upto) / (2 * max(1, len(ordered)))
    powers = 1 + (count >= _LINE_TRIALS) + (count >= _PARABOLA_TRIALS)
    return np.stack([ranks**power for power in range(powers)], axis=1)


def _fitted(basis: Floats, y: Floats, where: NDArray[np.bool_]) -> Floats:
    """For all rows, the least squares fit of some."""
    fit, *_ = np.linalg.lstsq(basis[where], y[where], rcond=None)
    result: Floats = basis @ fit
    return result

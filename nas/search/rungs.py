"""Accuracies at lower rungs as noisy observations of the accuracy at the last one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nas.search.encoding import Floats

#: What a rung is believed to say before any trial was seen at both, and what that weighs in trials.
_PRIOR_CORRELATION = 0.7
_PRIOR_TRIALS = 4.0


def at_last_rung(reports: Sequence[Mapping[int, float]]) -> tuple[Floats, Floats]:
    """Each trial's accuracy as if at the highest rung that any trial reached, with its variance.

    A rung is mapped by a regression on the trials that were seen at both, so a rung that predicts
    nothing maps to a constant with a large variance and teaches nothing. The slope is regressed on
    what trials were promoted by, hence not biased by the promotion.

    Args:
        reports: of each trial, rung to accuracy; nan where there is none.

    Returns:
        Accuracies (nan where there is none) and the variances that the mapping adds, 0 at the top.
    """
    rungs = sorted({rung for report in reports for rung in report})
    table = np.array([[report.get(rung, np.nan) for rung in rungs] for report in reports])
    table = table.reshape(len(reports), len(rungs))
    y, extra = np.full(len(reports), np.nan), np.zeros(len(reports))
    if not rungs:
        return y, extra
    there = ~np.isnan(table)
    highest = np.where(there.any(axis=1), len(rungs) - 1 - there[:, ::-1].argmax(axis=1), -1)
    top = table[:, -1]
    for place in range(len(rungs) - 1):
        here = highest == place
        if here.any():
            own = table[here, place]
            y[here], extra[here] = _mapped(own, table[there[:, place], place], table[:, place], top)
    y[there[:, -1]] = top[there[:, -1]]
    return y, extra


def _mapped(own: Floats, all_low: Floats, low: Floats, top: Floats) -> tuple[Floats, float]:
    """Lower accuracies at the top rung's scale, and the variance of what that leaves out."""
    done = top[~np.isnan(top)]
    spread = float(np.var(done)) if len(done) > 1 else float(np.var(all_low))
    both = ~np.isnan(low + top)
    if not both.any():
        return own - all_low.mean() + done.mean(), max(spread, float(np.var(all_low)))
    low, high = low[both], top[both]
    scale = max(float(np.var(all_low)), 1e-12)
    moment = ((low - low.mean()) * (high - high.mean())).sum()
    weight = ((low - low.mean()) ** 2).sum()
    prior = _PRIOR_CORRELATION * np.sqrt(spread / scale)
    slope = (moment + _PRIOR_TRIALS * prior * scale) / (weight + _PRIOR_TRIALS * scale)
    left = high - high.mean() - slope * (low - low.mean())
    variance = ((left**2).sum() + _PRIOR_TRIALS * spread / 2) / (len(low) + _PRIOR_TRIALS)
    return high.mean() + slope * (own - low.mean()), float(variance)

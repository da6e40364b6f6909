"""How large a part of the trials at a rung is worth training on, by how well the rung predicts."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

from nas.search.encoding import Floats

#: What trials are hoped to be: the best of so many.
GOAL = 0.1
#: Finished trials below which nothing is concluded.
LEAST_FINISHED = 10
#: What a rung is believed to say before trials were finished, and what that weighs in trials.
PRIOR, PRIOR_TRIALS = 0.7, 6.0
#: Steps by which shares between the least and all are tried.
_STEPS = 20


def worthwhile(correlation: float, spent: float, least: float) -> float:
    """The share of the trials at a rung that should go on, to finish most good ones per epoch.

    Of accuracies at the rung and at the end that are jointly normal, the share p that is best at
    the rung holds P(among the p best there and among the best ``GOAL`` in the end) of good trials,
    and costs ``spent + p (1 - spent)`` of what a full training of all would. Where a rung says
    little, its epochs are better spent on finishing whatever was begun.

    Args:
        correlation: of the two, among trials of like cost.
        spent: share of a full training that lies before the rung.
        least: no smaller share is considered.
    """
    return _worthwhile(round(min(max(correlation, 0.0), 0.95), 2), spent, least)


@lru_cache(maxsize=1024)
def _worthwhile(correlation: float, spent: float, least: float) -> float:
    shares = np.linspace(least, 1, _STEPS)
    # Over the good ones' final accuracies, the chance to be among the p best at the rung.
    good = -ndtri((np.arange(200) + 0.5) / 200 * GOAL)
    at_rung = (correlation * good[None, :] + ndtri(shares)[:, None]) / math.sqrt(1 - correlation**2)
    found = ndtr(at_rung).mean(axis=1)
    return float(shares[np.argmax(found / (spent + shares * (1 - spent)))])


def predicts(rung: Floats, last: Floats, cost: Floats) -> float | None:
    """Correlation of accuracies at a rung with those at the end among trials of like cost.

    What the cost explains of both is taken out, since trials compete with those of like cost: a
    rung that only tells large networks from small ones tells nothing. Those that finished were
    chosen by the rung and so differ less in it than all; the correlation is corrected for that
    (Thorndike 1949, case 2), and drawn towards a prior where few have finished. None where fewer
    than ``LEAST_FINISHED`` have, or nothing differs.

    Args:
        rung: accuracy there; one entry a trial.
        last: accuracy at the end, nan where a trial has not come to it.
        cost: of each.
    """
    done = ~np.isnan(last)
    if done.sum() < LEAST_FINISHED:
        return None
    left = _without_trend(rung, cost)
    here, end = left[done] - left[done].mean(), _without_trend(last[done], cost[done])
    spread = math.sqrt(float((here @ here) * (end @ end)))
    if spread <= 1e-15:
        return None
    found = float(here @ end) / spread
    wider = float(left.std() / max(here.std(), 1e-12))
    corrected = found * wider / math.sqrt(1 + found**2 * (wider**2 - 1))
    count = int(done.sum()) - 3
    return (count * corrected + PRIOR_TRIALS * PRIOR) / (count + PRIOR_TRIALS)


def _without_trend(y: Floats, cost: Floats) -> Floats:
    """What a parabola over the ranks of cost leaves."""
    ranks = np.searchsorted(np.sort(cost), cost) / max(1, len(cost) - 1)
    design = np.stack([np.ones_like(ranks), ranks, ranks**2], axis=1)
    fit, *_ = np.linalg.lstsq(design, y, rcond=None)
    left: Floats = y - design @ fit
    return left

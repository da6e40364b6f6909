"""Expected hypervolume improvement when a candidate's cost is known and only accuracy is not."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from scipy.special import ndtr

from nas.search.encoding import Floats

_ROOT = math.sqrt(2 * math.pi)

Scale = Literal["auto", "linear", "log", "none"]

#: Costs of one sign that span more than this ratio are compared by their logs.
_DECADE = 10.0


def scale_of(cost: Floats) -> Scale:
    """What ``auto`` means for these costs."""
    ends = np.abs([cost.min(), cost.max()])
    one_sign = cost.min() * cost.max() > 0
    return "log" if one_sign and ends.max() > _DECADE * ends.min() else "linear"


def on_axis(cost: Floats, scale: Scale) -> Floats:
    """Costs on the axis of the area; a cost turned round (more is better) is below zero."""
    if scale == "none":
        return np.zeros(len(cost))
    if scale != "log":
        return cost
    logs: Floats = np.sign(cost) * np.log(np.maximum(np.abs(cost), 1e-300))
    return logs


def staircase(accuracy: Floats, cost: Floats) -> tuple[Floats, Floats]:
    """The front as steps: costs, rising, and the best accuracy reached up to each of them."""
    order = np.lexsort((-accuracy, cost))
    height = np.maximum.accumulate(accuracy[order])
    keep = order[np.concatenate(([True], height[1:] > height[:-1]))]
    return cost[keep], accuracy[keep]


def height_at(front: tuple[Floats, Floats], cost: Floats, floor: float) -> Floats:
    """The best accuracy on the front at or below each cost; ``floor`` left of it."""
    levels = np.concatenate(([floor], front[1]))
    height: Floats = levels[np.searchsorted(front[0], cost, side="right")]
    return height


def expected_improvement(mean: Floats, deviation: Floats, level: Floats) -> Floats:
    """Expectation of ``max(0, value - level)`` for normal values."""
    safe = np.maximum(deviation, 1e-12)
    z = (mean - level) / safe
    value: Floats = (mean - level) * ndtr(z) + safe * np.exp(-0.5 * z * z) / _ROOT
    return value


def expected_hypervolume_improvement(
    mean: Floats,
    deviation: Floats,
    cost: Floats,
    front: tuple[Floats, Floats],
    reference: tuple[float, float],
) -> Floats:
    """How much area each candidate is expected to add to what the front dominates.

    With the cost c exact, a candidate of accuracy a adds, over every step of the front that lies
    right of c, the step's width times ``max(0, a - height)``; the expectation is a sum of ordinary
    expected improvements (the two-objective cell sum of Yang et al. 2019, "Efficient computation
    of expected hypervolume improvement using box decomposition algorithms", section 3, with one
    objective deterministic).

    Args:
        mean: of accuracy, up is better; one entry a candidate.
        deviation: of accuracy.
        cost: exact, down is better.
        front: as ``staircase`` gives it.
        reference: accuracy and cost that bound the area.
    """
    floor, right = reference
    edges = np.concatenate(([-np.inf], np.minimum(front[0], right), [right]))
    levels = np.concatenate(([floor], np.maximum(front[1], floor)))
    left = np.maximum(cost[:, None], edges[None, :-1])
    width = np.maximum(0.0, edges[None, 1:] - left)
    gain = expected_improvement(mean[:, None], deviation[:, None], levels[None, :])
    total: Floats = (width * gain).sum(axis=1)
    return total

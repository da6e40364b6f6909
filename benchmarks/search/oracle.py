"""The fewest trainings with which anybody could reach a share of the true front's hypervolume."""

from __future__ import annotations

import numpy as np
from worlds import World


def best_shares(world: World) -> list[float]:
    """The largest share of the hypervolume that 1, 2, 3… architectures have, until all of it.

    No more than the front is looked at, as what is dominated has no more than what dominates it.
    By dynamic programming over the front by rising cost: of so many members, the dearest of which
    is this one, the most area is what the best of one fewer had, and what this one lies above it.
    """
    accuracy, cost = np.array(sorted(set(world.front), key=lambda point: point[1])).T
    inside = (accuracy > world.floor) & (cost < world.ceiling)
    height, width = accuracy[inside] - world.floor, world.ceiling - cost[inside]
    # From a member (row) to a dearer and better one (column).
    step = np.triu((height[None, :] - height[:, None]) * width[None, :], 1)
    later = np.triu(np.ones(step.shape, dtype=bool), 1)
    whole = world.whole * (1 - world.floor) * world.ceiling
    area = height * width
    shares = [float(area.max()) / whole]
    while len(shares) < len(height):
        area = np.where(later, area[:, None] + step, -np.inf).max(axis=0)
        shares.append(float(area.max()) / whole)
    return shares

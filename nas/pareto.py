"""Pareto arithmetic for two objectives: accuracy up, cost down."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence


def non_dominated_ranks(accuracy: Sequence[float], cost: Sequence[float]) -> list[int]:
    """How many fronts lie before each point; 0 is the Pareto front.

    A point is dominated by one that is no worse in both and better in one, so equal points share
    a rank. O(n log n): in order of rising cost, each front only needs its best accuracy so far.
    """
    order = sorted(range(len(accuracy)), key=lambda i: (cost[i], -accuracy[i]))
    ranks = [0] * len(order)
    best: list[float] = []  # minus the best accuracy of each front, rising
    previous: int | None = None
    for i in order:
        if previous is not None and (cost[i], accuracy[i]) == (cost[previous], accuracy[previous]):
            ranks[i] = ranks[previous]
            continue
        rank = bisect_right(best, -accuracy[i])  # the first front whose best is worse
        if rank == len(best):
            best.append(-accuracy[i])
        else:
            best[rank] = -accuracy[i]
        ranks[i] = rank
        previous = i
    return ranks


def front_indices(accuracy: Sequence[float], cost: Sequence[float]) -> list[int]:
    """Indices of the Pareto front, by rising cost."""
    ranks = non_dominated_ranks(accuracy, cost)
    return sorted((i for i, rank in enumerate(ranks) if rank == 0), key=lambda i: (cost[i], i))


def hypervolume(
    accuracy: Sequence[float],
    cost: Sequence[float],
    reference_accuracy: float,
    reference_cost: float,
) -> float:
    """The share, in 0…1, of the box between the reference and the ideal that the points dominate.

    The box reaches from the reference accuracy to 1 and from the reference cost to 0; points
    outside add nothing.
    """
    height, total = reference_accuracy, 0.0
    for i in front_indices(accuracy, cost):
        if accuracy[i] > height and cost[i] < reference_cost:
            total += (accuracy[i] - height) * (reference_cost - cost[i])
            height = accuracy[i]
    box = (1 - reference_accuracy) * reference_cost
    return total / box if box > 0 else 0.0


def contributions(
    accuracy: Sequence[float],
    cost: Sequence[float],
    reference_accuracy: float,
    reference_cost: float,
) -> list[float]:
    """The area that each point alone dominates within its own rank, not normalised."""
    ranks = non_dominated_ranks(accuracy, cost)
    alone = [0.0] * len(ranks)
    fronts: dict[int, list[int]] = {}
    for i in sorted(range(len(ranks)), key=lambda i: cost[i]):
        fronts.setdefault(ranks[i], []).append(i)
    for members in fronts.values():
        for place, i in enumerate(members):
            below = accuracy[members[place - 1]] if place else reference_accuracy
            right = cost[members[place + 1]] if place + 1 < len(members) else reference_cost
            alone[i] = max(0.0, accuracy[i] - below) * max(0.0, right - cost[i])
    return alone

"""A scatter plot in text: accuracy up, cost to the right."""

from __future__ import annotations

from collections.abc import Sequence

from nas.analysis.people import COST_HEADINGS, accuracy, cost

Spot = tuple[float, float]
MEMBER, OTHER = "●", "·"


def scatter(
    members: Sequence[Spot],
    others: Sequence[Spot],
    objective: str,
    width: int = 60,
    height: int = 14,
) -> str:
    """Draw (cost, accuracy) pairs.

    Args:
        members: of the front, drawn as ●.
        others: all other trials, drawn as ·; a member's cell stays a member's.
        objective: names and scales the cost.
        width: of the field in characters.
        height: of the field in lines.
    """
    every = [*members, *others]
    left, right = min(x for x, _ in every), max(x for x, _ in every)
    low, high = min(y for _, y in every), max(y for _, y in every)
    field = [[" "] * width for _ in range(height)]
    for mark, spots in ((OTHER, others), (MEMBER, members)):
        for x, y in spots:
            row = height - 1 - _cell(y, low, high, height)
            field[row][_cell(x, left, right, width)] = mark
    margin = max(len(accuracy(high)), len(accuracy(low)))
    ticks = {0: accuracy(high), height - 1: accuracy(low)}
    lines = [
        f"{ticks.get(i, ''):>{margin}} │{''.join(row)}".rstrip() for i, row in enumerate(field)
    ]
    ends = f"{cost(objective, left)}{cost(objective, right):>{width - len(cost(objective, left))}}"
    title = f"accuracy % against {COST_HEADINGS[objective]}: {MEMBER} front, {OTHER} other trials"
    pad = " " * margin
    return "\n".join([title, *lines, f"{pad} └{'─' * width}", f"{pad}  {ends}"])


def _cell(value: float, low: float, high: float, cells: int) -> int:
    return round((value - low) / (high - low) * (cells - 1)) if high > low else 0

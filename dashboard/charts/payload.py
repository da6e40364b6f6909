"""What a chart's address answers, and what all charts share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from nas.analysis.people import possible
from nas.figures import Colours

T = TypeVar("T")

#: The palette of static/tokens.css; static/chart.js puts the present theme's values in.
SCREEN = Colours("var(--front)", "var(--repeat)", "var(--baseline)", "var(--other)")

#: Colours of lines that stand side by side.
LINES = tuple(f"var(--c{number})" for number in range(1, 9))

Json = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """Of the table under a chart."""

    title: str
    unit: str = ""
    number: bool = True


def payload(
    figure: Json,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Any]],
    *,
    note: str = "",
    empty: str = "",
    link: str = "",
) -> Json:
    """A figure with its numbers.

    Args:
        figure: ``data`` and ``layout``.
        columns: of the table.
        rows: a value for each column; None where there is none.
        note: one line above the chart.
        empty: what is said in place of a chart without data.
        link: address before the number in the first column.
    """
    shown = [
        {**asdict(column), "decimals": decimals(column, (row[place] for row in rows))}
        for place, column in enumerate(columns)
    ]
    table = {"columns": shown, "rows": list(rows), "link": link}
    return {**figure, "note": note, "empty": empty, "table": table}


def decimals(column: Column, values: Iterable[Any]) -> int:
    """How many decimals all numbers of a column are shown with, so that their points align.

    Two of percent and of points; otherwise four digits of the largest, at least one decimal.
    """
    broken = [abs(value) for value in values if isinstance(value, float) and math.isfinite(value)]
    if not column.number or not broken:
        return 0
    if column.unit in ("%", "points"):
        return 2
    if all(value.is_integer() for value in broken):
        return 0
    return min(max(3 - math.floor(math.log10(max(broken))), 1), 6)


def percent(share: float | None) -> float | None:
    """An accuracy, or an end of its interval, in %; None where there is none."""
    return None if share is None else round(100 * possible(share), 3)


def thinned(values: Sequence[T], most: int) -> list[T]:
    """At most so many of them, evenly spread, the first and the last among them."""
    if len(values) <= most:
        return list(values)
    step = (len(values) - 1) / (most - 1)
    return [values[round(i * step)] for i in range(most)]

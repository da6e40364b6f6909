"""What a chart's address answers, and what all charts share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

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
    table = {"columns": [asdict(column) for column in columns], "rows": list(rows), "link": link}
    return {**figure, "note": note, "empty": empty, "table": table}


def thinned(values: Sequence[T], most: int) -> list[T]:
    """At most so many of them, evenly spread, the first and the last among them."""
    if len(values) <= most:
        return list(values)
    step = (len(values) - 1) / (most - 1)
    return [values[round(i * step)] for i in range(most)]

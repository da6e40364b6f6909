"""How much each axis of the space matters for each objective, as cells of a table."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.charts.payload import Column, Json, payload
from dashboard.snapshot import Snapshot
from nas.analysis.effects import Effects
from nas.analysis.importance import REST, Importance

TITLES = {
    "accuracy": "Accuracy",
    "forward_flops": "FLOPs",
    "parameters": "Parameters",
    "latency_ms": "Latency",
}


@dataclass(frozen=True)
class ImportanceTable:
    """Axes by objectives; axes by their share of accuracy, the rest last."""

    objectives: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Importance | None, ...]], ...]


def importance_table(found: Effects) -> ImportanceTable:
    """Arrange the importance of every axis."""
    known = {(one.axis, one.objective): one for one in found.importance}
    objectives = [name for name in TITLES if any(o == name for _, o in known)]
    axes = list(dict.fromkeys(one.axis for one in found.importance))
    accuracy = {one.axis: one.share for one in found.importance if one.objective == "accuracy"}
    axes.sort(key=lambda axis: (axis == REST, -accuracy.get(axis, 0.0)))
    return ImportanceTable(
        tuple(objectives),
        tuple((axis, tuple(known.get((axis, name)) for name in objectives)) for axis in axes),
    )


def importance_chart(seen: Snapshot) -> Json:
    """The same numbers as a plain table."""
    return importance_numbers(seen.effects)


def importance_numbers(found: Effects) -> Json:
    """Axes of every objective, one a row."""
    columns = [Column("Objective", number=False), Column("Axis", number=False)]
    columns += [Column(name, "%") for name in ("Share of the variance", "Low", "High")]
    rows = [
        [TITLES[o.objective], o.axis, *(round(100 * v, 3) for v in (o.share, o.low, o.high))]
        for o in found.importance
    ]
    return payload({"data": [], "layout": {}}, columns, rows)

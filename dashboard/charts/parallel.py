"""Parallel coordinates: one line a trial through its choices, its cost and its accuracy.

Drawn as SVG lines: plotly's own parallel coordinates need WebGL, which a strict policy breaks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.charts.payload import Column, Json, payload, thinned
from dashboard.formats import si
from dashboard.snapshot import Snapshot
from nas.analysis.front import comparable
from nas.analysis.people import COST_WORDS
from nas.store.records import Trial

#: Lines of a group that are drawn at most.
MOST_LINES = 200

#: Share of the trials that counts as the most accurate.
_TOP = 0.1

#: How far lines through the same choice are apart, in shares of the way to the next choice, and how
#: far away that counts at most.
_SPREAD, _STEP = 0.4, 0.25

#: Name, colour, width and opacity of the groups, from the back to the front.
_GROUPS = (
    ("other trials", "var(--other)", 1, 0.5),
    ("most accurate tenth", "var(--baseline)", 1.5, 0.9),
    ("on the front", "var(--front)", 2.5, 0.95),
)

Described = Mapping[str, Any]


@dataclass(frozen=True)
class Axis:
    """One of the upright lines.

    Attributes:
        title: above it.
        values: of every trial, for the table.
        heights: of every trial, in 0…1.
        ticks: heights with what stands there.
        step: between two choices; 0 where the axis is a scale.
    """

    title: str
    values: Sequence[object]
    heights: Sequence[float]
    ticks: tuple[tuple[float, str], ...]
    step: float = 0.0


def parallel_chart(seen: Snapshot) -> Json:
    """The trained architectures through the axes that differ, the cost, and the accuracy last."""
    done = sorted(comparable(seen.job, seen.trials), key=lambda t: (t.accuracy or 0.0, t.number))
    front = {point.trial for point in seen.front.points}
    top = done[-max(1, round(_TOP * len(done))) :]
    best = {trial.number for trial in top} - front
    members = (
        [t for t in done if t.number not in front | best],
        [t for t in done if t.number in best],
        [t for t in done if t.number in front],
    )
    groups = [thinned(group, MOST_LINES) for group in members]
    drawn = [trial for group in groups for trial in group]
    axes = _axes(seen.job.details["objective"], drawn) if len(drawn) > 1 else []
    data, start = [], 0
    for style, group in zip(_GROUPS, groups, strict=True):
        lines = range(start, start + len(group))
        start += len(group)
        if axes and group:
            data.append(_trace(style, lines, drawn, axes))
    return payload(
        {"data": data, "layout": _layout(axes)},
        [Column("Trial"), *(Column(axis.title, number=False) for axis in axes)],
        [
            [trial.number, *(axis.values[i] for axis in axes)]
            for i, trial in reversed(list(enumerate(drawn)))
        ],
        note=f"{len(drawn):,} of {len(done):,} fully trained architectures." if data else "",
        empty="Two trials must have reached the last rung.",
        link=f"/jobs/{seen.job.name}/trials/",
    )


def _axes(objective: str, drawn: Sequence[Trial]) -> list[Axis]:
    described = [json.loads(trial.architecture) for trial in drawn]
    names = sorted({key for one in described for key in one["backbone"]})
    stages = sorted({place.partition(".")[0] for one in described for place in one["attention"]})
    columns = [(name, [one["backbone"].get(name, "–") for one in described]) for name in names]
    columns += [(stage, [_in_stage(one, stage) for one in described]) for stage in stages]
    unit = " (ms)" if objective == "latency_ms" else ""
    return [
        *(_choices(name, values) for name, values in columns if len(set(map(str, values))) > 1),
        _scale(COST_WORDS[objective] + unit, [t.cost(objective) for t in drawn], si),
        _scale("accuracy (%)", [round(100 * (t.accuracy or 0), 3) for t in drawn], _short),
    ]


def _in_stage(described: Described, stage: str) -> str:
    attention = described["attention"].items()
    found = [choice["type"] for place, choice in attention if place.partition(".")[0] == stage]
    return "+".join(found) or "none"


def _choices(title: str, values: Sequence[object]) -> Axis:
    def order(value: object) -> tuple[int, float, str]:
        if isinstance(value, int | float):
            return 0, float(value), ""
        return 1, 0.0, "" if value == "none" else str(value)

    known = sorted(set(values), key=order)
    step = 1 / max(1, len(known) - 1)
    heights = {value: i * step for i, value in enumerate(known)}
    ticks = tuple((height, str(value)) for value, height in heights.items())
    return Axis(title, values, [heights[value] for value in values], ticks, step)


def _scale(title: str, values: Sequence[float], words: Callable[[float], str]) -> Axis:
    low, high = min(values), max(values)
    room = (high - low) or 1.0
    ticks = tuple((share, words(low + share * room)) for share in (0.0, 0.5, 1.0))
    return Axis(title, values, [(value - low) / room for value in values], ticks)


def _short(value: float) -> str:
    return f"{value:.1f}"


def _trace(
    style: tuple[str, str, float, float],
    lines: Sequence[int],
    drawn: Sequence[Trial],
    axes: Sequence[Axis],
) -> Json:
    """All lines of a group as one trace with gaps; lines through one choice lie side by side."""
    name, colour, width, opacity = style
    x: list[float | None] = []
    y: list[float | None] = []
    numbers: list[int | None] = []
    text: list[str | None] = []
    for i in lines:
        apart = _SPREAD * (i / max(1, len(drawn) - 1) - 0.5)
        for place, axis in enumerate(axes):
            x.append(place)
            y.append(round(axis.heights[i] + apart * min(axis.step, _STEP), 4))
            numbers.append(drawn[i].number)
            text.append(f"trial {drawn[i].number}: {axis.title} {axis.values[i]}")
        for values in (x, y, numbers, text):
            values.append(None)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x,
        "y": y,
        "customdata": numbers,
        "text": text,
        "line": {"color": colour, "width": width},
        "opacity": opacity,
        "hovertemplate": "%{text}<extra></extra>",
    }


def _layout(axes: Sequence[Axis]) -> Json:
    marks = [
        {
            "x": place,
            "y": height,
            "text": words,
            "showarrow": False,
            "xanchor": "right",
            "xshift": -5,
            "font": {"size": 12, "color": "var(--text)"},
            "bgcolor": "var(--card)",
            "opacity": 0.9,
        }
        for place, axis in enumerate(axes)
        for height, words in axis.ticks
    ]
    upright = [
        {
            "type": "line",
            "x0": place,
            "x1": place,
            "y0": 0,
            "y1": 1,
            "line": {"color": "var(--muted)", "width": 1},
            "layer": "below",
        }
        for place in range(len(axes))
    ]
    return {
        "xaxis": {
            "tickvals": list(range(len(axes))),
            "ticktext": [axis.title for axis in axes],
            "showgrid": False,
            "showline": False,
            "range": [-0.55, len(axes) - 0.55],
        },
        "yaxis": {"visible": False, "range": [-0.09, 1.09]},
        "shapes": upright,
        "annotations": marks,
    }

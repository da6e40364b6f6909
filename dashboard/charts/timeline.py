"""The cluster's timeline: a lane for each worker, a bar for each task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dashboard.charts.payload import LINES, Column, Json, payload
from dashboard.cluster_view import Timeline, numbered
from nas.analysis.lanes import Bar, drawn_together
from nas.analysis.summary import iso

_COLUMNS = (
    Column("Lane", number=False),
    Column("Worker", number=False),
    Column("Job", number=False),
    Column("Trial"),
    Column("Work", number=False),
    Column("Outcome", number=False),
    Column("Began (UTC)", number=False),
    Column("Held for", "s"),
    Column("Epochs"),
    Column("Tasks"),
)

#: Outcome -> colour and pattern: what went wrong is told by its shape, too.
TROUBLES = {
    "failed": ("var(--bad)", "x"),
    "lost": ("var(--bad)", "/"),
    "stopped": ("var(--warn)", "-"),
}

#: Between two ticks at most so many milliseconds -> how they are written, the day as everywhere.
_MOMENTS = [
    {"dtickrange": [None, 59_999], "value": "%H:%M:%S\n%-d %b %Y"},
    {"dtickrange": [60_000, 86_399_999], "value": "%H:%M\n%-d %b %Y"},
    {"dtickrange": [86_400_000, None], "value": "%-d %b\n%Y"},
]

#: A bar has an outline from this part of the time shown on: some pixels of a phone.
_OUTLINED = 100

#: Rows of the table; of more, the newest.
_MOST_ROWS = 500


def timeline_chart(found: Timeline) -> Json:
    """Tasks over time: a colour for each job, a pattern for what went wrong or was done again."""
    span = max(1, found.end_ms - found.start_ms)
    least = span / _OUTLINED
    lanes = [drawn_together(lane, span) for lane in found.lanes]
    names = numbered(lanes)
    drawn = [(name, bar) for name, lane in zip(names, lanes, strict=True) for bar in lane.bars]
    jobs = list(dict.fromkeys(bar.job for bar in found.bars))
    traces = [
        _trace(
            job, [pair for pair in drawn if _quiet(pair[1]) and pair[1].job == job], colour, least
        )
        for job, colour in zip(jobs, LINES * (len(jobs) // len(LINES) + 1), strict=False)
    ]
    again = [pair for pair in drawn if pair[1].again and pair[1].outcome in ("ok", "running")]
    traces.append(_trace("again after a loss", again, "var(--warn)", least, "+"))
    for outcome, (colour, shape) in TROUBLES.items():
        pairs = [pair for pair in drawn if pair[1].outcome == outcome]
        traces.append(_trace(outcome, pairs, colour, least, shape))
    layout = {
        "barmode": "overlay",
        "showlegend": True,
        "bargap": 0.35,
        "xaxis": {  # plotly shows milliseconds in the reader's own time zone
            "type": "date",
            "range": [found.start_ms, found.end_ms + span // 100],
            "nticks": 6,
            "tickangle": 0,
            "tickformatstops": _MOMENTS,
        },
        "yaxis": {"categoryorder": "array", "categoryarray": names[::-1], "fixedrange": True},
    }
    tasks = sum(bar.tasks for _, bar in drawn)
    note = f"{tasks:,} tasks on {len(lanes)} workers, in your time zone. Hover for what each was."
    if found.cut:
        note += " Older ones are left out."
    figure = {"data": [trace for trace in traces if trace["x"]], "layout": layout}
    return payload(
        figure,
        _COLUMNS,
        [_row(name, bar) for name, bar in sorted(drawn, key=lambda p: -p[1].start_ms)][:_MOST_ROWS],
        note=note if drawn else "",
        empty="No worker did anything in this time.",
    )


def _quiet(bar: Bar) -> bool:
    return bar.outcome in ("ok", "running") and not bar.again


def _trace(
    name: str, drawn: Sequence[tuple[str, Bar]], colour: str, least: float, shape: str = ""
) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": [lane for lane, _ in drawn],
        "base": [bar.start_ms for _, bar in drawn],
        "x": [max(1, bar.end_ms - bar.start_ms) for _, bar in drawn],
        "text": [_told(bar) for _, bar in drawn],
        "textposition": "none",
        "marker": {
            "color": colour,
            "opacity": [0.55 if bar.outcome == "running" else 1 for _, bar in drawn],
            # What is thinner than the lines around it would be hidden by them.
            "line": {
                "color": "var(--card)",
                "width": [0.5 if bar.end_ms - bar.start_ms >= least else 0 for _, bar in drawn],
            },
            "pattern": {
                "shape": shape,
                "fillmode": "overlay",
                "fgcolor": "var(--card)",
                "size": 6,
                "solidity": 0.35,
            },
        },
        "hovertemplate": "%{text}<extra></extra>",
    }


def _told(bar: Bar) -> str:
    """What hovering shows."""
    what = f"{bar.tasks} tasks" if bar.tasks > 1 else bar.work
    whose = "" if bar.number is None else f" of trial {bar.number}"
    lines = [
        f"{bar.job}: {what}{whose}, {bar.outcome}" + (", again after a loss" if bar.again else ""),
        f"{bar.seconds:,.1f} s from {_utc(bar.start_ms)}",
        bar.worker or "worker not recorded: drawn where one was free",
    ]
    if bar.epochs:
        lines.insert(1, f"{bar.epochs} epochs")
    return "<br>".join(line.replace("&", "&amp;").replace("<", "&lt;") for line in lines)


def _utc(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%-d %b %Y, %H:%M:%S} UTC"


def _row(lane: str, bar: Bar) -> list[Any]:
    outcome = bar.outcome + (", again" if bar.again else "")
    return [
        lane,
        bar.worker or "not recorded",
        bar.job,
        bar.number,
        bar.work,
        outcome,
        iso(bar.start_ms),
        round(bar.seconds, 2),
        bar.epochs,
        bar.tasks,
    ]

"""The front as a plotly figure: one description, drawn by the dashboard and kept in MLflow.

A figure is plain JSON, so that nothing here imports plotly; its script is read from the package.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nas.analysis.front import Front, comparable, front_of
from nas.analysis.people import possible
from nas.store.records import Job, Trial
from search_spaces.architecture import Architecture


@dataclass(frozen=True)
class Colours:
    """Of the marks; these are told apart by colour-blind people, on white and on near-black."""

    front: str = "#2f86c9"
    repeats: str = "#a05fb0"
    baselines: str = "#d5711a"
    others: str = "#8b93a1"


COST_TITLES = {
    "forward_flops": "Forward FLOPs of one image",
    "parameters": "Parameters",
    "latency_ms": "Latency (ms)",
}

_UNITS = {"forward_flops": "FLOPs", "parameters": "parameters", "latency_ms": "ms"}

#: From this ratio of the highest to the lowest cost on, the axis is logarithmic.
_LOG_RATIO = 12.0

#: Up to this ratio, they are about the same.
_SAME = 1.02


def front_figure(job: Job, trials: Sequence[Trial], colours: Colours = Colours()) -> dict[str, Any]:
    """Accuracy (%, up) against cost (left is cheaper): the front, the baselines, all other trials.

    Args:
        job: what the trials belong to.
        trials: of the job; those that ended early are left out, their accuracy isn't comparable.
        colours: of the marks.

    Returns:
        ``data`` and ``layout`` for plotly.js; SVG traces only. ``customdata``: trials' numbers.
    """
    front = front_of(job, trials)
    members = {point.trial for point in front.points}
    rest = [trial for trial in comparable(job, trials) if trial.number not in members]
    found = [trial for trial in rest if trial.kind != "baseline"]
    rules = [trial for trial in rest if trial.kind == "baseline"]
    traces = [
        _trace_of_trials(found, front.objective, "other trials", colours.others, "circle"),
        _trace_of_trials(rules, front.objective, "baselines", colours.baselines, "diamond"),
        _trace_of_repeats(front, colours.repeats),
        _trace_of_front(front, colours.front),
    ]
    traces = [trace for trace in traces if trace["x"]]
    return {"data": traces, "layout": _layout(front.objective, traces)}


def plotly_script() -> Path:
    """The file ``plotly.min.js`` of the installed plotly package, found without importing it."""
    found = find_spec("plotly")
    assert found is not None and found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / "package_data" / "plotly.min.js"


def front_page(job: Job, trials: Sequence[Trial]) -> str:
    """The figure as one HTML page that needs no network (about 5 MB, nearly all plotly.js)."""
    figure = json.dumps(front_figure(job, trials)).replace("</", "<\\/")
    script = plotly_script().read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Pareto front</title>'
        '<body style="margin:0;background:#fff"><div id="front" style="height:100vh"></div>'
        f"<script>{script}</script><script>const figure = {figure};"
        'Plotly.newPlot("front", figure.data, figure.layout, {responsive: true});</script>'
        "</body></html>"
    )


def _trace_of_trials(
    trials: Sequence[Trial], objective: str, name: str, colour: str, symbol: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [t.cost(objective) for t in trials],
        "y": [100 * (t.accuracy or 0.0) for t in trials],
        "customdata": [t.number for t in trials],
        "text": [_words(t.number, t.label, Architecture.from_json(t.architecture)) for t in trials],
        "marker": {"color": colour, "symbol": symbol, "size": 9, "opacity": 0.75},
        "hovertemplate": hover(objective),
    }


def _trace_of_front(front: Front, colour: str) -> dict[str, Any]:
    points = front.points
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "Pareto front (searched run)",
        "x": [p.cost(front.objective) for p in points],
        "y": [100 * p.accuracy for p in points],
        "customdata": [p.trial for p in points],
        "text": [_words(p.trial, p.label, Architecture.from_dict(p.architecture)) for p in points],
        "line": {"color": colour, "width": 2, "shape": "hv"},
        "marker": {
            "color": colour,
            "size": 11,
            "symbol": ["diamond" if p.kind == "baseline" else "circle" for p in points],
        },
        "hovertemplate": hover(front.objective),
    }


def _trace_of_repeats(front: Front, colour: str) -> dict[str, Any]:
    """Means over further seeds with their intervals: beside the front, not on it."""
    known = [(p, p.accuracy_mean) for p in front.points if p.accuracy_mean is not None]
    up = [0.0 if p.accuracy_high is None else possible(p.accuracy_high) - m for p, m in known]
    down = [0.0 if p.accuracy_low is None else m - possible(p.accuracy_low) for p, m in known]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "further seeds: mean, 95 %",
        "x": [p.cost(front.objective) for p, _ in known],
        "y": [100 * mean for _, mean in known],
        "customdata": [p.trial for p, _ in known],
        "text": [f"trial {p.trial} on {p.seeds} further seeds" for p, _ in known],
        "marker": {"color": colour, "symbol": "line-ew-open", "size": 13},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [100 * length for length in up],
            "arrayminus": [100 * length for length in down],
            "color": colour,
            "width": 5,
        },
        "hovertemplate": "%{text}<br>%{y:.2f} %<extra></extra>",
    }


def _words(number: int, label: str, built: Architecture) -> str:
    """What hovering shows; plotly reads a little HTML, so the user's words are escaped."""
    lines = [f"trial {number}" + (f" · {label}" if label else ""), str(built.backbone)]
    lines += [f"{place}: {choice}" for place, choice in built.attention] or ["no attention"]
    return "<br>".join(line.replace("&", "&amp;").replace("<", "&lt;") for line in lines)


def _layout(objective: str, traces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    costs = [cost for trace in traces for cost in trace["x"]]
    return {
        "xaxis": {
            "title": {"text": COST_TITLES[objective]},
            "automargin": True,
            "zeroline": False,
            **cost_ticks(costs),
        },
        "yaxis": {
            "title": {"text": "Validation accuracy (%)"},
            "automargin": True,
            "zeroline": False,
            **_accuracy_range(traces),
        },
        "margin": {"l": 12, "r": 12, "t": 12, "b": 12},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "hovermode": "closest",
    }


def hover(objective: str) -> str:
    """What hovering says below a point's words: ``95.12 % at 1.858M FLOPs``."""
    return f"%{{text}}<br>%{{y:.2f}} % at %{{x:.4s}} {_UNITS[objective]}<extra></extra>"


def cost_ticks(costs: Sequence[float]) -> dict[str, Any]:
    """A logarithmic axis, labelled at 1, 2 and 5, where costs span more than a decade.

    Costs that are about the same get some room, so that ticks are not told by their last digits.
    """
    if costs and 0 < max(costs) < _SAME * min(costs):
        room = [0.9 * min(costs), 1.1 * max(costs)]
        return {"type": "linear", "exponentformat": "SI", "range": room}
    if not costs or min(costs) <= 0 or max(costs) / min(costs) < _LOG_RATIO:
        return {"type": "linear", "exponentformat": "SI"}
    powers = range(math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs))) + 1)
    ticks = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
    return {"type": "log", "tickvals": ticks, "tickformat": "~s"}


def _accuracy_range(traces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Room for all points, and for intervals up to as far again: two seeds give very wide ones."""
    values = [value for trace in traces for value in trace["y"]]
    if not values:
        return {}
    low, high = min(values), max(values)
    room = max(high - low, 1.0)
    bars = [
        bar
        for trace in traces
        if (ends := trace.get("error_y"))
        for bar in zip(trace["y"], ends["arrayminus"], ends["array"], strict=True)
    ]
    lowest = min([low, *(value - down for value, down, _ in bars)])
    highest = max([high, *(value + up for value, _, up in bars)])
    margin = 0.06 * room
    return {"range": [max(lowest, low - room) - margin, min(highest, high + room) + margin]}

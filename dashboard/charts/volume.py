"""How much of the reference box the front dominated, as epochs were spent."""

from __future__ import annotations

from dashboard.charts.payload import Column, Json, payload, thinned
from dashboard.snapshot import Snapshot
from nas.analysis.progress import Step, history

#: Steps that are drawn; a line of more looks the same.
MOST_STEPS = 400

_COLUMNS = (
    Column("Trial"),
    Column("Trials ended"),
    Column("Epochs"),
    Column("Epochs without pruning"),
    Column("Hypervolume"),
)


def volume_chart(seen: Snapshot) -> Json:
    """Hypervolume over trained epochs, and over those that the same trials take without pruning."""
    steps = history(seen.job, seen.results)
    shown = _telling(steps)
    if not steps or not steps[-1].hypervolume:
        shown = []
    lines = [("without pruning", [s.without_pruning for s in shown], "var(--ghost)", "dot")]
    lines += [("as it went", [s.epochs for s in shown], "var(--front)", "solid")]
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": epochs,
            "y": [step.hypervolume for step in shown],
            "customdata": [step.trial for step in shown],
            "line": {"color": colour, "width": 2, "shape": "hv", "dash": dash},
            "hovertemplate": "%{y:.4f} after %{x:,} epochs<extra></extra>",
        }
        for name, epochs, colour, dash in lines
        if shown
    ]
    layout = {
        "xaxis": {"title": {"text": "Epochs of all trials that ended"}, "rangemode": "tozero"},
        "yaxis": {"title": {"text": "Hypervolume (share of the box)"}, **_range(shown)},
    }
    return payload(
        {"data": data, "layout": layout},
        _COLUMNS,
        [[s.trial, s.ended, s.epochs, s.without_pruning, round(s.hypervolume, 6)] for s in shown],
        note=_note(steps) if shown else "",
        empty="No trial has reached the last rung yet.",
        link=f"/jobs/{seen.job.name}/trials/",
    )


def _telling(steps: list[Step]) -> list[Step]:
    """Those at which something changed, the last one, and some between."""
    before = [0.0, *(step.hypervolume for step in steps)]
    jumps = {i for i, step in enumerate(steps) if step.hypervolume > before[i]}
    kept = jumps | set(thinned(range(len(steps)), MOST_STEPS))
    return [step for i, step in enumerate(steps) if i in kept]


def _range(shown: list[Step]) -> Json:
    """From below the first front: the way there would squeeze all that follows."""
    first = [step.hypervolume for step in shown if step.hypervolume]
    if not first:
        return {}
    low, high = first[0], first[-1]
    room = max(high - low, 0.01)
    return {"range": [max(0.0, low - 0.15 * room), min(1.0, high + 0.15 * room)]}


def _note(steps: list[Step]) -> str:
    last = steps[-1]
    saved = 1 - last.epochs / last.without_pruning if last.without_pruning else 0.0
    return (
        f"{last.epochs:,} epochs; the same {last.ended:,} trials without pruning: "
        f"{last.without_pruning:,}. Pruning saved {100 * saved:.0f} %."
    )

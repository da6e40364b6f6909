"""The Pareto front as it stands, over the front as it was when half of the trials had ended."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.charts.payload import SCREEN, Column, Json, payload, percent, thinned
from dashboard.snapshot import Snapshot
from nas.analysis.front import Front, comparable
from nas.analysis.names import Names, names_for
from nas.figures import front_figure
from nas.pareto import front_indices
from nas.store.records import Job, Result

#: Trials beside the front that are drawn; more of them would be a cloud.
MOST_OTHERS = 200

_COLUMNS = (
    Column("Trial"),
    Column("Architecture", number=False),
    Column("Accuracy", "%"),
    Column("Mean over further seeds", "%"),
    Column("Low", "%"),
    Column("High", "%"),
    Column("Test", "%"),
    Column("Forward FLOPs"),
    Column("Parameters"),
    Column("Latency", "ms"),
)


def front_chart(seen: Snapshot) -> Json:
    """Accuracy against cost: the front, what it was, the baselines, finalists with intervals."""
    job, found = seen.job, seen.front
    done = comparable(job, seen.results)
    drawn = seen.store.trials.numbered(job.id, _drawn(seen.results, found))
    figure = front_figure(job, drawn, SCREEN)
    ghost = _earlier(job, done)
    if ghost:
        figure["data"].insert(0, ghost)
    figure["layout"]["legend"] = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    note = (
        f"{len(found.points)} of {len(done)} fully trained architectures are on the front; "
        "up and to the left is better."
    )
    figure["live"] = job.details["objective"]
    rows = _rows(found, names_for(found.points, seen.architectures))
    known = [place for place in range(len(_COLUMNS)) if any(row[place] is not None for row in rows)]
    return payload(
        figure,
        [_COLUMNS[place] for place in known],
        [[row[place] for place in known] for row in rows],
        note=note if done else "",
        empty="No trial has reached the last rung yet, so there is no front.",
        link=f"/jobs/{job.name}/trials/",
    )


def _drawn(results: Sequence[Result], found: Front) -> set[int]:
    """Numbers of the front's members, of all baselines and repeats, and of some others."""
    members = {point.trial for point in found.points}
    others = [t for t in results if t.kind in ("search", "warm") and t.number not in members]
    kept = thinned([t.number for t in others if t.state == "done"], MOST_OTHERS)
    always = {t.number for t in results if t.kind in ("baseline", "finalist")}
    return members | always | set(kept)


def _earlier(job: Job, done: Sequence[Result]) -> Json | None:
    """The front of the first half of what was trained to the end."""
    order = sorted(done, key=lambda trial: (trial.finished_ms or 0, trial.number))
    half = order[: len(order) // 2]
    if len(half) < 2:
        return None
    objective = job.details["objective"]
    cost = [trial.cost(objective) for trial in half]
    accuracy = [trial.accuracy or 0.0 for trial in half]
    kept = front_indices(accuracy, cost)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"front of the first {len(half)}",
        "x": [cost[i] for i in kept],
        "y": [100 * accuracy[i] for i in kept],
        "line": {"color": "var(--ghost)", "width": 2, "shape": "hv", "dash": "dot"},
        "hoverinfo": "skip",
    }


def _rows(found: Front, names: Names) -> list[list[object]]:
    return [
        [
            point.trial,
            names.full(point),
            percent(point.accuracy),
            percent(point.accuracy_mean),
            percent(point.accuracy_low),
            percent(point.accuracy_high),
            percent(point.test_accuracy),
            point.forward_flops,
            point.parameters,
            point.latency_ms,
        ]
        for point in found.points
    ]

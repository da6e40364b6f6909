"""Learning curves: accuracy at every rung of the best trials, behind them the pruned ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.charts.payload import LINES, Column, Json, payload, thinned
from dashboard.snapshot import Snapshot
from nas.analysis.front import comparable
from nas.analysis.people import attention_words, backbone_words
from nas.store.records import ReportRow, Result, Trial
from search_spaces.architecture import Architecture

#: Curves in colours, and pruned ones in grey that are drawn at most.
BEST, MOST_PRUNED = 8, 60

Curve = tuple[Trial, Sequence[ReportRow]]


def rungs_chart(seen: Snapshot) -> Json:
    """Validation accuracy by epochs; who was promoted goes on, who was pruned ends with a cross."""
    rungs = [int(epoch) for epoch in seen.job.details["rungs"]]
    done = sorted(comparable(seen.job, seen.results), key=lambda t: (-(t.accuracy or 0), t.number))
    pruned = [t for t in seen.results if t.searched and t.state == "pruned" and t.epoch]
    best = _curves(seen, done[:BEST])
    behind = _curves(seen, thinned(pruned, MOST_PRUNED))
    data = [_grey(behind), *(_line(c, LINES[i % len(LINES)]) for i, c in enumerate(best))]
    layout = {
        "xaxis": {
            "title": {"text": "Epochs"},
            "tickvals": rungs,
            "ticktext": [f"{rung}<br>rung {i}" for i, rung in enumerate(rungs, 1)],
            "range": [0.6 * rungs[0], rungs[-1] + 0.4 * rungs[0]],
        },
        "yaxis": {"title": {"text": "Validation accuracy (%)"}},
    }
    return payload(
        {"data": [trace for trace in data if trace["x"]], "layout": layout},
        [
            Column("Trial"),
            Column("Architecture", number=False),
            *(Column(f"At {rung} epochs", "%") for rung in rungs),
            Column("State", number=False),
        ],
        [_table_row(curve, rungs) for curve in [*best, *behind]],
        note=_note(seen, rungs),
        empty="No trial has reached the first rung yet.",
        link=f"/jobs/{seen.job.name}/trials/",
    )


def _curves(seen: Snapshot, chosen: Sequence[Result]) -> list[Curve]:
    """Trials with their reports at rungs; only these are read."""
    store, job = seen.store.trials, seen.job
    found = {trial.number: trial for trial in store.numbered(job.id, [t.number for t in chosen])}
    reports = store.reports(job.id, [trial.id for trial in found.values()])
    trials = [found[t.number] for t in chosen if t.number in found]
    return [(trial, [row for row in reports.get(trial.id, ()) if row.epoch]) for trial in trials]


def _line(curve: Curve, colour: str) -> Json:
    trial, rows = curve
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": f"trial {trial.number}",
        "x": [row.epoch for row in rows],
        "y": [100 * row.validation_accuracy for row in rows],
        "customdata": [trial.number] * len(rows),
        "line": {"color": colour, "width": 2},
        "marker": {"color": colour, "size": 8},
        "text": [_words(trial)] * len(rows),
        "hovertemplate": "%{text}<br>%{y:.2f} % after %{x} epochs<extra></extra>",
    }


def _grey(curves: Sequence[Curve]) -> Json:
    """All pruned ones as one trace with gaps; a cross where each was left."""
    trace: dict[str, Any] = {"x": [], "y": [], "customdata": [], "text": []}
    symbols: list[str] = []
    for trial, rows in curves:
        for row in rows:
            trace["x"].append(row.epoch)
            trace["y"].append(100 * row.validation_accuracy)
            trace["customdata"].append(trial.number)
            trace["text"].append(_words(trial))
            symbols.append("x-thin-open" if row is rows[-1] else "circle")
        for values in (trace["x"], trace["y"], trace["customdata"], trace["text"]):
            values.append(None)
        symbols.append("circle")
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "pruned at ×",
        **trace,
        "opacity": 0.7,
        "line": {"color": "var(--other)", "width": 1},
        "marker": {"color": "var(--other)", "size": 7, "symbol": symbols},
        "hovertemplate": "%{text}<br>%{y:.2f} % after %{x} epochs, pruned<extra></extra>",
    }


def _words(trial: Trial) -> str:
    built = Architecture.from_json(trial.architecture).to_dict()
    text = f"trial {trial.number}: {attention_words(built)}, {backbone_words(built)}"
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _table_row(curve: Curve, rungs: Sequence[int]) -> list[object]:
    trial, rows = curve
    known = {row.epoch: round(100 * row.validation_accuracy, 3) for row in rows}
    built = Architecture.from_json(trial.architecture).to_dict()
    words = f"{attention_words(built)}, {backbone_words(built)}"
    return [trial.number, words, *(known.get(rung) for rung in rungs), trial.state]


def _note(seen: Snapshot, rungs: Sequence[int]) -> str:
    """How many reached each rung, and how many went on from it."""
    searched = [trial for trial in seen.results if trial.searched]
    reached = [sum(trial.epoch >= rung for trial in searched) for rung in rungs]
    if not reached[0]:
        return ""
    steps = [f"{there} at {rung} epochs" for there, rung in zip(reached, rungs, strict=True)]
    told = ", ".join(steps)
    return f"Trials that came to a rung: {told}. The rest was pruned, failed or still waits."

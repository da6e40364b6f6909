"""Learning curves: of one trial with its repeats, and of several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.charts.payload import LINES, SCREEN, Column, Json, payload, percent
from dashboard.snapshot import Snapshot
from dashboard.trial_view import reports_of, trial_of
from nas.analysis.rivals import Rivalry
from nas.store.records import INHERITED, ReportRow, Trial

_COLUMNS = (
    Column("Epoch"),
    Column("Training accuracy", "%"),
    Column("Training loss"),
    Column("Validation accuracy", "%"),
    Column("Validation loss"),
    Column("Taken from the cache", number=False),
)


def accuracy_curve(seen: Snapshot, number: int) -> Json:
    """Accuracy over epochs: training, validation at every rung, and the repeats' validation."""
    trial = trial_of(seen, number)
    again = [t for t in seen.trials if t.kind == "finalist" and t.origin == number]
    rows, *others = _rows(seen, [trial, *again])
    traces = [
        _line("training", *_epochs(rows, "train_accuracy", 100), SCREEN.others),
        _marks("validation", rows, "validation_accuracy", 100, SCREEN.front),
    ]
    traces.insert(0, _repeats(others))
    return _chart(seen, trial, rows, traces, "Accuracy (%)")


def loss_curve(seen: Snapshot, number: int) -> Json:
    """Loss over epochs: training, and validation at every rung."""
    trial = trial_of(seen, number)
    (rows,) = _rows(seen, [trial])
    traces = [
        _line("training", *_epochs(rows, "train_loss", 1), SCREEN.others),
        _marks("validation", rows, "validation_loss", 1, SCREEN.front),
    ]
    return _chart(seen, trial, rows, traces, "Cross-entropy loss")


def rivals_curve(found: Rivalry) -> Json:
    """Validation accuracy at the rungs of each architecture of a comparison."""
    traces = []
    for place, one in enumerate(found.rivals):
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": one.name,
                "x": list(one.rungs),
                "y": [100 * share for share in one.rungs.values()],
                "line": {"color": LINES[place % 8], "width": 2},
                "marker": {"symbol": SYMBOLS[place % 8], "size": 9},
                "hovertemplate": "%{fullData.name}<br>%{y:.2f} % at epoch %{x}<extra></extra>",
            }
        )
    epochs = sorted({epoch for one in found.rivals for epoch in one.rungs})
    rows = [[epoch, *(percent(one.rungs.get(epoch)) for one in found.rivals)] for epoch in epochs]
    columns = [Column("Epoch"), *(Column(one.name, "%") for one in found.rivals)]
    note = "" if found.epoch is None else f"All were measured at epoch {found.epoch}."
    shapes = [] if found.epoch is None else [upright(found.epoch)]
    layout = {**_axes("Validation accuracy (%)"), "shapes": shapes}
    figure = {"data": [trace for trace in traces if trace["x"]], "layout": layout}
    return payload(figure, columns, rows, note=note, empty="None of them has reached a rung yet.")


#: Marks of lines that stand side by side: told apart without their colours, too.
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "star", "pentagon", "cross")


def upright(x: float) -> Json:
    """A dotted line through the whole height of a chart."""
    line = {"color": "var(--muted)", "width": 1, "dash": "dot"}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _chart(
    seen: Snapshot, trial: Trial, rows: Sequence[ReportRow], traces: Sequence[Json], title: str
) -> Json:
    rungs = [trial.recipe["epochs"]] if trial.recipe else list(seen.job.details["rungs"])
    layout = {**_axes(title), "shapes": [upright(rung) for rung in rungs]}
    layout["xaxis"]["range"] = [0, rungs[-1] * 1.03]
    figure = {"data": [trace for trace in traces if trace["x"]], "layout": layout}
    note = f"{trial.epoch} of {rungs[-1]} epochs; training is on augmented images; dotted: rungs."
    return payload(
        figure,
        _COLUMNS,
        [row for report in rows for row in _table(report)],
        note=note,
        empty="Nothing was reported of this trial yet.",
    )


def _rows(seen: Snapshot, trials: Sequence[Trial]) -> list[list[ReportRow]]:
    """The rungs of each; a score on inherited weights is no part of the training."""
    found = reports_of(seen, trials)
    return [[row for row in found[trial.id] if row.epoch != INHERITED] for trial in trials]


def _axes(title: str) -> Json:
    return {
        "xaxis": {"title": {"text": "Epoch"}, "rangemode": "tozero"},
        "yaxis": {"title": {"text": title}},
    }


def _epochs(rows: Sequence[ReportRow], name: str, scale: float) -> tuple[list[int], list[float]]:
    """Every epoch of a series that reports hold by segments, each once."""
    found: dict[int, float] = {}
    for row in rows:
        values = getattr(row, name)
        first = row.epoch - len(values) + 1
        found |= {first + place: scale * value for place, value in enumerate(values)}
    return sorted(found), [found[epoch] for epoch in sorted(found)]


def _line(name: str, x: Sequence[int], y: Sequence[float], colour: str) -> Json:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": {"color": colour, "width": 2},
        "hovertemplate": f"{name}<br>%{{y:.4~g}} in epoch %{{x}}<extra></extra>",
    }


def _marks(name: str, rows: Sequence[ReportRow], field: str, scale: float, colour: str) -> Json:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [row.epoch for row in rows],
        "y": [scale * getattr(row, field) for row in rows],
        "line": {"color": colour, "width": 2},
        "marker": {
            "size": 10,
            "symbol": ["circle-open" if row.cached_from else "circle" for row in rows],
        },
        "hovertemplate": f"{name}<br>%{{y:.4~g}} at epoch %{{x}}<extra></extra>",
    }


def _repeats(again: Sequence[Sequence[ReportRow]]) -> Json:
    """One trace for all repeats: a gap parts one from the next."""
    x: list[int | None] = []
    y: list[float | None] = []
    for rows in again:
        x += [*(row.epoch for row in rows), None]
        y += [*(100 * row.validation_accuracy for row in rows), None]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "further seeds",
        "x": x,
        "y": y,
        "line": {"color": SCREEN.repeats, "width": 1.5, "dash": "dot"},
        "marker": {"symbol": "diamond", "size": 7},
        "hovertemplate": "further seed<br>%{y:.2f} % at epoch %{x}<extra></extra>",
    }


def _table(row: ReportRow) -> list[list[Any]]:
    """A row for each epoch of a report; validation stands at the last."""
    first = row.epoch - len(row.train_loss) + 1
    made: list[list[Any]] = [
        [first + place, percent(share), round(loss, 4), None, None, ""]
        for place, (share, loss) in enumerate(zip(row.train_accuracy, row.train_loss, strict=True))
    ] or [[row.epoch, None, None, None, None, ""]]
    made[-1][3:] = [
        percent(row.validation_accuracy),
        round(row.validation_loss, 4),
        row.cached_from,
    ]
    return made

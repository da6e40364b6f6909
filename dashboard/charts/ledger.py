"""What workers' time went into, and what was not spent."""

from __future__ import annotations

from dashboard.charts.payload import Column, Json, payload
from dashboard.snapshot import Snapshot
from nas.analysis.ledger import Ledger, ledger_of
from nas.job_file.durations import in_words

_COLUMNS = (
    Column("What for", number=False),
    Column("Tasks"),
    Column("Epochs"),
    Column("Worker time", "s"),
    Column("CPU-hours"),
    Column("GPU-hours"),
)

#: Seconds from which on the axis counts in the next unit.
_UNITS = ((7200.0, 3600.0, "h"), (120.0, 60.0, "min"), (0.0, 1.0, "s"))


def ledger_chart(seen: Snapshot) -> Json:
    """Worker time by purpose, beside it what pruning, the cache and inherited weights saved."""
    found = ledger_of(seen.store, seen.job, seen.trials, seen.reports)
    spent = {name: entry.seconds for name, entry in found.purposes.items()}
    if found.idle_seconds:
        spent["idle"] = found.idle_seconds
    saved = {f"saved by {k}": s.seconds for k, s in found.saved.items() if s.seconds}
    longest = max([*spent.values(), *saved.values()], default=0.0)
    _, scale, unit = next(each for each in _UNITS if longest >= each[0])
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": list(bars),
            "x": [seconds / scale for seconds in bars.values()],
            "text": [in_words(seconds / 3600) for seconds in bars.values()],
            "textposition": "auto",
            "cliponaxis": False,
            "marker": {"color": colour},
            "hovertemplate": "%{y}: %{text}<extra></extra>",
        }
        for name, bars, colour in (
            ("spent", spent, "var(--front)"),
            ("saved, about", saved, "var(--ghost)"),
        )
        if bars
    ]
    layout = {
        "xaxis": {"title": {"text": f"Worker time ({unit})"}, "rangemode": "tozero"},
        "yaxis": {"autorange": "reversed", "ticksuffix": " "},
        "barmode": "overlay",
        "bargap": 0.35,
    }
    return payload(
        {"data": data, "layout": layout},
        _COLUMNS,
        _rows(found),
        note=_note(found) if spent else "",
        empty="No worker has had a task yet.",
    )


def _rows(found: Ledger) -> list[list[object]]:
    rows: list[list[object]] = [
        [name, e.tasks, e.epochs, round(e.seconds, 1), round(e.cpu_hours, 5), round(e.gpu_hours, 5)]
        for name, e in found.purposes.items()
    ]
    rows.append(["idle", None, None, round(found.idle_seconds, 1), None, None])
    for name, saving in found.saved.items():
        rows.append([f"saved by {name}", None, saving.epochs, round(saving.seconds, 1), None, None])
    return rows


def _note(found: Ledger) -> str:
    busy = found.total.seconds
    share = 100 * busy / (busy + found.idle_seconds) if busy else 0.0
    return f"{in_words(busy / 3600)} of worker time; workers were busy {share:.0f} % of theirs."

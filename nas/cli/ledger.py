"""``nas ledger``: what a job cost, what for, and what was saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nas.cli.opened import opened_job
from nas.cli.output import Output, Part, Table, output_option

if TYPE_CHECKING:
    from nas.analysis.ledger import Entry, Ledger


@click.command()
@click.argument("job")
@click.option("--trials", "with_trials", is_flag=True, help="Also show what every trial cost.")
@output_option
def ledger(job: str, with_trials: bool, output: Output) -> None:
    """Show what JOB (a name or an id) cost: every second of every worker, and what was saved."""
    from nas.analysis.ledger import ledger as made_of

    with opened_job(job) as (store, found):
        made = made_of(store, found)
    output.emit(made.to_dict(trials=with_trials), lambda: _parts(made, with_trials))


def _parts(made: Ledger, with_trials: bool) -> list[Part]:
    from nas.budget import NAMES, TITLES, amount
    from nas.job_file.durations import in_words

    told = [
        (TITLES[name], amount(name, getattr(made.spent, name), made.limits[name]))
        for name in NAMES
        if name != "gpu_hours" or made.spent.gpu_hours or made.limits[name]
    ]
    parts: list[Part] = [Table(("spent", ""), told), "", _purposes(made)]
    if made.idle_seconds:
        parts += [f"and workers waited {in_words(made.idle_seconds / 3600)} for tasks or to start"]
    savings = [
        (name, f"{saving.epochs:,}", in_words(saving.seconds / 3600))
        for name, saving in made.saved.items()
        if saving.epochs
    ]
    if savings:
        parts += ["", Table(("saved by", "epochs", "worker time, about"), savings)]
    return [*parts, "", _trials(made)] if with_trials and made.trials else parts


def _purposes(made: Ledger) -> Table:
    rows = [(name, *_cells(entry), _share(entry, made)) for name, entry in made.purposes.items()]
    rows.append(("total", *_cells(made.total), ""))
    columns = ("worker time for", "tasks", "epochs", "time", "CPU-hours", "GPU-hours", "share")
    return _without_gpus(Table(columns, rows), made)


def _trials(made: Ledger) -> Table:
    rows = []
    for entry in made.trials:
        trial = entry.trial
        head = (trial.number, trial.kind, trial.label, trial.state)
        not_trained = entry.pruned.epochs + entry.inherited.epochs
        saved = (not_trained or "", entry.cached.epochs or "")
        rows.append((*head, *_cells(entry.cost), *saved))
    columns = ("trial", "kind", "rule", "state", "tasks", "epochs", "time", "CPU-hours")
    return _without_gpus(Table((*columns, "GPU-hours", "pruned", "cached"), rows), made)


def _cells(entry: Entry) -> tuple[str, ...]:
    from nas.budget import plain_hours
    from nas.job_file.durations import in_words

    hours = (plain_hours(entry.cpu_hours), plain_hours(entry.gpu_hours))
    return (f"{entry.tasks:,}", f"{entry.epochs:,}", in_words(entry.seconds / 3600), *hours)


def _share(entry: Entry, made: Ledger) -> str:
    whole = made.total.seconds
    return f"{100 * entry.seconds / whole:.0f}%" if whole else ""


def _without_gpus(table: Table, made: Ledger) -> Table:
    """Nobody needs a column of zeros."""
    if made.total.gpu_hours:
        return table
    at = table.columns.index("GPU-hours")
    rows = [(*row[:at], *row[at + 1 :]) for row in table.rows]
    return Table((*table.columns[:at], *table.columns[at + 1 :]), rows)

"""``nas front``: a job's Pareto front as a table and a small drawing."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import compress
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from nas.cli.opened import opened_job
from nas.cli.output import Output, Part, Table, output_option
from nas.cli.pick_options import pick_option, under_option

if TYPE_CHECKING:
    from nas.analysis.front import Front, Point
    from nas.analysis.names import Names
    from nas.store.records import Trial

#: Characters in a line.
WIDTH = 110


@click.command()
@click.argument("job")
@pick_option("Print only this point of the front, and why it is the one.")
@under_option
@output_option
def front(job: str, pick: str | None, under: dict[str, float], output: Output) -> None:
    """Print the Pareto front of JOB (a name or an id): accuracy against cost."""
    from nas.analysis.front import comparable, front_of

    with opened_job(job) as (store, found):
        trials = store.trials.list(found.id)
    made = front_of(found, trials, under)
    if pick is not None:
        from nas.analysis.picks import pick as pick_one

        one = pick_one(made, pick)
        only = replace(made, points=(one.point,))
        head = f"{pick}: trial {one.point.trial}, {one.reason}"
        data = {"job": made.job, "pick": pick, "under": dict(made.under), **one.to_dict()}
        output.emit(data, lambda: [head, "", *_parts(only, trials, [], _marks(made))])
        return
    others = [
        (trial.cost(made.objective), float(trial.accuracy or 0))
        for trial in comparable(found, trials)
    ]
    output.emit(made.to_dict(), lambda: _parts(made, trials, others, _marks(made)))


def _parts(
    made: Front,
    trials: list[Trial],
    others: list[tuple[float, float]],
    marks: dict[int, str],
) -> list[Part]:
    if not made.points:
        from nas.analysis.picks import limit_words

        limited = f" under {limit_words(made.under)}" if made.under else ""
        return [f"no trial of {made.job}{limited} has finished yet"]
    from nas.analysis.names import names_for

    names = names_for(made.points, (t.architecture for t in trials))
    parts: list[Part] = [_table(made, names, marks), "", _how_to_read(made)]
    if sys.stdout.isatty() and len(others) > 1:
        from nas.cli.scatter import scatter

        members = [(point.cost(made.objective), point.accuracy) for point in made.points]
        parts.append(scatter(members, others, made.objective))
    return parts


def _table(made: Front, names: Names, marks: dict[int, str]) -> Table:
    from nas.analysis.people import COST_HEADINGS

    costs = [made.objective] + [c for c in COST_HEADINGS if c != made.objective]
    costs = [c for c in costs if any(getattr(p, c) is not None for p in made.points)]
    headings = [COST_HEADINGS[name] for name in costs]
    columns = ["trial", "searched", "further seeds", "test", *headings, "pick", "architecture"]
    rows = [_row(point, costs, marks.get(point.trial, "")) for point in made.points]
    used = [any(row[i] != "" for row in rows) for i in range(len(columns) - 1)]
    kept = list(compress(columns, used))
    cells = [list(compress(row, used)) for row in rows]
    shown = [kept, *([str(cell) for cell in row] for row in cells)]
    taken = sum(max(map(len, column)) + 2 for column in zip(*shown, strict=True))
    lines: list[list[object]] = []
    for point, row in zip(made.points, cells, strict=True):
        first, *more = _wrapped(names.full(point), max(24, WIDTH - taken))
        lines.append([*row, first])
        lines += [[*([""] * len(kept)), rest] for rest in more]
    return Table([*kept, columns[-1]], lines)


def _wrapped(name: str, width: int) -> list[str]:
    """Lines of a name; a terminal's table wraps by itself."""
    return [name] if sys.stdout.isatty() else wrap(name, width, break_long_words=False)


def _marks(made: Front) -> dict[int, str]:
    """Which points ``--pick`` takes, by trial; a long name only where it stands alone."""
    from nas.analysis.picks import PICKS, pick

    if not made.points:
        return {}
    found: dict[int, list[str]] = {}
    for rule in PICKS:
        marks = found.setdefault(pick(made, rule).point.trial, [])
        if not marks or len(rule) < 9:
            marks.append(rule)
    return {trial: ", ".join(rules) for trial, rules in found.items()}


def _row(point: Point, costs: list[str], mark: str) -> list[object]:
    from nas.analysis.people import accuracy, accuracy_range, cost

    return [
        point.trial,
        accuracy(point.accuracy),
        accuracy_range(point.accuracy_mean, point.accuracy_low, point.accuracy_high),
        accuracy(point.test_accuracy),
        *(cost(name, getattr(point, name)) for name in costs),
        mark,
    ]


def _how_to_read(made: Front) -> str:
    seeds = max(point.seeds for point in made.points)
    told = "" if made.hypervolume is None else f"hypervolume {made.hypervolume:.3f}\n"
    told += "searched: validation accuracy (%) of the one run that was selected: optimistic\n"
    if seeds:
        told += (
            f"further seeds: mean validation accuracy of up to {seeds} repeats (95 % interval)\n"
        )
    if any(point.test_accuracy is not None for point in made.points):
        told += f"test: on the test images, mean of the {'repeats' if seeds else 'run'}\n"
    return f"{told}pick: what nas export {made.job} --pick takes"

"""``nas report``: what a job's results mean, in words and point by point."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

import click

from nas.cli.opened import opened_job
from nas.cli.output import Output, Part, Table, output_option

if TYPE_CHECKING:
    from nas.analysis.audit import Audit
    from nas.analysis.blocks import Block
    from nas.analysis.verdict import Verdict

#: Characters in a line.
WIDTH = 108


@click.command()
@click.argument("job")
@click.option("--all", "every", is_flag=True, help="Print all comparisons that were made.")
@output_option
def report(job: str, every: bool, output: Output) -> None:
    """Compare the front of JOB (a name or an id) with no attention and the hand rules."""
    from dataclasses import asdict

    from nas.analysis.effects import effects
    from nas.analysis.verdict import verdict
    from nas.cli.effects import strongest_lines

    with opened_job(job) as (store, found):
        made, told = verdict(store, found), effects(store, found)
    strongest = [asdict(effect) for effect in told.strongest()]
    data = {**made.to_dict(), "strongest_effects": strongest}
    output.emit(data, lambda: _parts(made, every, strongest_lines(told)))


def _parts(made: Verdict, every: bool, strongest: list[str]) -> list[Part]:
    first, *rest = made.sentences
    parts: list[Part] = [_wrapped(first)]
    parts += ["", *(_wrapped(line) for line in rest)] if rest else []
    parts += _comparisons(made, every) if made.standings else []
    parts += ["", *(_wrapped(line, 2) for line in strongest)] if strongest else []
    parts += _audit(made.audit) if made.audit else []
    parts += ["", "How it was measured:", *(_wrapped(f"- {line}", 2) for line in made.measured)]
    if made.warnings:
        parts += ["", "Before you believe it:"]
        parts += [_wrapped(f"- {line}", 2) for line in made.warnings]
    return parts


def _audit(audit: Audit) -> list[Part]:
    from nas.analysis.audit import COLUMNS

    heading = f"How early rungs predicted {audit.last} epochs, over uniformly drawn trials:"
    return ["", heading, Table(COLUMNS, audit.rows())]


def _comparisons(made: Verdict, every: bool) -> list[Part]:
    from nas.analysis.blocks import blocks, hidden
    from nas.analysis.people import COST_WORDS

    where = f"{made.measure} accuracy over further seeds" if made.seeds else "validation accuracy"
    found = blocks(made, every=every)
    headings = ("against trial", "points (95 %)", COST_WORDS[made.objective], "verdict")
    rows = [row for block in found for row in block.rows]
    widths = [max(len(row[i]) for row in [headings, *rows]) for i in range(len(headings))]
    widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - 4 - 3 * 2)
    lines = [f"The front by rising cost, {where}:", _line(headings, widths)]
    for block in found:
        lines += ["", *_block(block, widths)]
    left = 0 if every else hidden(made)
    if left:
        many = "" if left == 1 else "s"
        lines += ["", f"{left} more comparison{many}: nas report {made.job} --all"]
    return ["", *lines]


def _block(block: Block, widths: list[int]) -> list[str]:
    return [_wrapped(block.heading, 4), *(_line(row, widths) for row in block.rows)]


def _line(cells: tuple[str, str, str, str], widths: list[int]) -> str:
    """One row under a heading; a long first cell goes on in the next line."""
    first, *more = wrap(cells[0], widths[0], subsequent_indent="  ") or [""]
    whom, difference, spent, _ = widths
    line = f"    {first:<{whom}}  {cells[1]:<{difference}}  {cells[2]:>{spent}}  {cells[3]}"
    return "\n".join([line.rstrip(), *(f"    {rest}" for rest in more)])


def _wrapped(text: str, indent: int = 0) -> str:
    return "\n".join(wrap(text, WIDTH, subsequent_indent=" " * indent))

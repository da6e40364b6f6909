"""``nas export``: a trained model as plain PyTorch code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nas.cli.opened import opened_job
from nas.cli.output import Output, Part, Table, output_option, say
from nas.cli.pick_options import pick_option, under_option
from nas.errors import UsageProblem
from nas.home import Home

if TYPE_CHECKING:
    from nas.export.bundle import ExportResult


@click.command()
@click.argument("job")
@click.option("--trial", type=click.IntRange(min=0), help="The number of a finished trial.")
@pick_option(
    "A trial of the front: the best bargain (default), the most accurate, the cheapest, the "
    "cheapest within one standard error of the most accurate."
)
@under_option
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder to make; default: exports/JOB-trial-N in NAS_HOME.",
)
@click.option("--force", is_flag=True, help="Replace an earlier export in that folder.")
@output_option
def export(
    job: str,
    trial: int | None,
    pick: str | None,
    under: dict[str, float],
    to: Path | None,
    force: bool,
    output: Output,
) -> None:
    """Write a model of JOB as PyTorch code with weights; it needs torch alone."""
    if trial is not None and (pick is not None or under):
        other = "--pick" if pick is not None else "--under"
        raise UsageProblem(f"--trial and {other} both say what to export; give one of them")
    with opened_job(job) as (store, found):
        from nas.export.bundle import export as export_trial
        from nas.export.standing import picked_trial

        reason = ""
        if trial is None:
            picked = picked_trial(store, found, pick or "knee", under)
            trial, reason = picked.point.trial, f"{pick or 'knee'}: {picked.reason}"
        folder = to or Home.here().exports / f"{found.name}-trial-{trial}"
        result = export_trial(store, found.name, trial, folder, force=force)
    output.emit({**result.to_dict(), "picked": reason}, lambda: _parts(result, reason))
    if not output.json:
        say(f"next: read {result.folder / 'README.md'}")


def _parts(result: ExportResult, reason: str) -> list[Part]:
    facts = result.facts
    return [
        *([reason] if reason else []),
        f"exported trial {facts.trial} of job {facts.job}: {facts.accuracy_words()}; "
        f"{facts.cost_words()}",
        Table(("file",), [(str(result.folder / name),) for name in result.files]),
    ]

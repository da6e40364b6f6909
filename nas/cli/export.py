"""``nas export``: a trained model as plain PyTorch code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nas.cli.opened import opened_job
from nas.cli.output import Output, Part, Table, output_option, say
from nas.errors import UsageProblem
from nas.home import Home

if TYPE_CHECKING:
    from nas.export.bundle import ExportResult


@click.command()
@click.argument("job")
@click.option("--trial", type=click.IntRange(min=0), help="The number of a finished trial.")
@click.option(
    "--pick",
    type=click.Choice(["knee", "accurate", "cheap"]),
    help="A trial of the front: the best bargain (default), the most accurate, the cheapest.",
)
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder to make; default: exports/JOB-trial-N in NAS_HOME.",
)
@click.option("--force", is_flag=True, help="Replace an earlier export in that folder.")
@output_option
def export(
    job: str, trial: int | None, pick: str | None, to: Path | None, force: bool, output: Output
) -> None:
    """Write a model of JOB as PyTorch code with weights; it needs torch alone."""
    if trial is not None and pick is not None:
        raise UsageProblem("--trial and --pick both say what to export; give one of them")
    result = _export(job, trial, pick or "knee", to, force)
    output.emit(result.to_dict(), lambda: _parts(result))
    if not output.json:
        say(f"next: read {result.folder / 'README.md'}")


def _export(name: str, trial: int | None, pick: str, to: Path | None, force: bool) -> ExportResult:
    with opened_job(name) as (store, job):
        from nas.export.bundle import export as export_trial
        from nas.export.standing import picked_trial

        number = picked_trial(store, job, pick) if trial is None else trial
        folder = to or Home.here().exports / f"{job.name}-trial-{number}"
        return export_trial(store, job.name, number, folder, force=force)


def _parts(result: ExportResult) -> list[Part]:
    facts = result.facts
    return [
        f"exported trial {facts.trial} of job {facts.job}: {facts.accuracy_words()}; "
        f"{facts.cost_words()}",
        Table(("file",), [(str(result.folder / name),) for name in result.files]),
    ]

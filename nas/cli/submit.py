"""``nas submit``: queue a job for the service."""

from __future__ import annotations

import click

from nas.cli.job_options import job_file_arguments
from nas.cli.output import Output, Part, output_option
from nas.cli.recording import record_job


@click.command()
@job_file_arguments
@click.option(
    "--priority",
    type=click.IntRange(-100, 100),
    default=0,
    show_default=True,
    help="Of its place in the queue; higher is sooner.",
)
@output_option
def submit(file: str, overrides: tuple[str, ...], priority: int, output: Output) -> None:
    """Check the job FILE and queue it for the service; nothing is trained here."""
    store, _, job = record_job(file, overrides, quiet=output.json, priority=priority)
    waited_for = bool(store.leases.dispatchers())
    data = {"id": job.id, "name": job.name, "state": job.state}
    output.emit(data, lambda: _parts(job.id, job.name, waited_for))


def _parts(number: int, name: str, waited_for: bool) -> list[Part]:
    head = f"job {number} ({name}) is queued"
    rows = [
        (f"  nas watch {name}", "how it goes"),
        (f"  nas front {name}", "its results"),
        (f"  nas cancel {name}", "end it"),
    ]
    if not waited_for:
        head += "; no dispatcher takes jobs now"
        rows[0] = ("  nas serve", f"start one, or drive it here: nas resume {name}")
    return [head, *(f"{command:<30}{meaning}" for command, meaning in rows)]

"""``nas submit``: record a job for a service or a later ``nas resume``."""

from __future__ import annotations

import click

from nas.cli.job_options import job_file_arguments
from nas.cli.output import Output, output_option
from nas.cli.recording import record_job


@click.command()
@job_file_arguments
@output_option
def submit(file: str, overrides: tuple[str, ...], output: Output) -> None:
    """Check the job FILE and record it as queued; nothing is trained yet."""
    _, _, job = record_job(file, overrides, quiet=output.json)
    data = {"id": job.id, "name": job.name, "state": job.state}
    output.emit(
        data,
        lambda: [
            f"job {job.id} ({job.name}) is queued",
            "no service takes queued jobs yet, so start it here:",
            f"  nas resume {job.name}    run it in the foreground",
            f"  nas show {job.name}      its state",
            f"  nas front {job.name}     its results",
        ],
    )

"""``nas resume``: go on with a job that is queued or was interrupted."""

from __future__ import annotations

import click

from nas.cli.control import change
from nas.cli.foreground import complete_records, drive_and_tell
from nas.cli.opened import opened_job, server
from nas.cli.output import Output, output_option
from nas.home import Home


@click.command()
@click.argument("job")
@click.option("--queue", is_flag=True, help="Queue it for the service instead of driving it here.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, only the result.")
@output_option
def resume(job: str, queue: bool, quiet: bool, output: Output) -> None:
    """Go on with JOB here: nothing recorded is trained again.

    A job that is done only has its records in MLflow completed, should they be behind.
    """
    if queue or server() is not None:
        change(job, "resume", output)
        return
    with opened_job(job) as (store, found):
        proceed = complete_records if found.state == "done" else drive_and_tell
        proceed(store, Home.here(), found, quiet=quiet or output.json, output=output)

"""``nas run``: a job here, in the foreground, with live progress."""

from __future__ import annotations

import click

from nas.cli.foreground import drive_and_tell
from nas.cli.job_options import job_file_arguments
from nas.cli.opened import server
from nas.cli.output import Output, output_option
from nas.cli.recording import record_job
from nas.errors import UsageProblem


@click.command()
@job_file_arguments
@click.option("-q", "--quiet", is_flag=True, help="No progress, only the result.")
@output_option
def run(file: str, overrides: tuple[str, ...], quiet: bool, output: Output) -> None:
    """Run the job FILE here until it ends. Ctrl-C stops it; 'nas resume' goes on."""
    if server() is not None:
        raise UsageProblem("NAS_SERVER is set: queue the job there with 'nas submit', or unset it")
    store, home, job = record_job(file, overrides, quiet=quiet or output.json, state="paused")
    drive_and_tell(store, home, job, quiet=quiet or output.json, output=output)

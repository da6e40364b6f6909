"""``nas submit``: queue a job for the service."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nas.cli.following import follow_job
from nas.cli.job_options import job_file_arguments
from nas.cli.opened import server
from nas.cli.output import Output, Part, output_option
from nas.cli.recording import record_job

if TYPE_CHECKING:
    from nas.client import Client


@click.command()
@job_file_arguments
@click.option(
    "--priority",
    type=click.IntRange(-100, 100),
    default=0,
    show_default=True,
    help="Of its place in the queue; higher is sooner.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on telling what happens until it is over.")
@output_option
def submit(
    file: str, overrides: tuple[str, ...], priority: int, follow: bool, output: Output
) -> None:
    """Check the job FILE and queue it for the service; nothing is trained here.

    With NAS_SERVER set, it goes there.
    """
    remote = server()
    if remote is not None:
        job, waited_for = _send(remote, file, overrides, priority), True
    else:
        store, _, recorded = record_job(file, overrides, quiet=output.json, priority=priority)
        waited_for = bool(store.leases.dispatchers())
        job = {"id": recorded.id, "name": recorded.name, "state": recorded.state}
    job = {**job, "request": "", "priority": priority}  # as the API answers
    if not (follow and output.json):
        output.emit(job, lambda: _parts(job, waited_for))
    if follow:
        follow_job(job["name"], output)


def _send(remote: Client, file: str, overrides: tuple[str, ...], priority: int) -> dict[str, Any]:
    """Hand a job file to a service, which checks it and tells all that is wrong."""
    from nas.job_file.reading import text_of

    body = {
        "job_file": text_of(Path(file)),
        "file_name": file,
        "overrides": list(overrides),
        "priority": priority,
    }
    answer = remote.post("jobs", body)
    return remote.finished(answer["task"]) if "task" in answer else dict(answer)


def _parts(job: Mapping[str, Any], waited_for: bool) -> list[Part]:
    name = job["name"]
    head = f"job {job['id']} ({name}) is queued"
    rows = [
        (f"  nas watch {name}", "how it goes"),
        (f"  nas front {name}", "its results"),
        (f"  nas cancel {name}", "end it"),
    ]
    if not waited_for:
        head += "; no dispatcher takes jobs now"
        rows[0] = ("  nas serve", f"start one, or drive it here: nas resume {name}")
    return [head, *(f"{command:<30}{meaning}" for command, meaning in rows)]

"""``nas cancel``, ``pause``, ``retry``, ``delete``, ``priority``: what people do to jobs."""

from __future__ import annotations

from collections.abc import Callable

import click

from nas.cli.opened import opened_job
from nas.cli.output import Output, output_option
from nas.store.records import Job
from nas.store.store import Store


@click.command()
@click.argument("job")
@output_option
def cancel(job: str, output: Output) -> None:
    """End JOB for good; its results and its front are kept."""
    from nas import control

    change(job, control.cancel, "cancelled", output)


@click.command()
@click.argument("job")
@output_option
def pause(job: str, output: Output) -> None:
    """Let what runs of JOB come to its rung, then stop; 'nas resume' goes on."""
    from nas import control

    change(job, control.pause, "paused", output)


@click.command()
@click.argument("job")
@click.option("--trials", "failed_trials", is_flag=True, help="Also the trials that failed.")
@output_option
def retry(job: str, failed_trials: bool, output: Output) -> None:
    """Queue JOB again after it failed or was cancelled."""
    from nas import control

    change(job, lambda store, found: control.retry(store, found, failed_trials), "queued", output)


# A priority below 0 begins like an option.
@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("job")
@click.argument("priority", type=int)
@output_option
def priority(job: str, priority: int, output: Output) -> None:
    """Move JOB in the queue: -100 to 100, higher is sooner."""
    from nas import control

    change(job, lambda store, found: control.set_priority(store, found, priority), "", output)


def change(name: str, act: Callable[[Store, Job], Job], aim: str, output: Output) -> None:
    """Do something to a job and tell what it is now, or soon."""
    with opened_job(name) as (store, found):
        now = act(store, found)
    data = {"id": now.id, "name": now.name, "state": now.state, "request": now.request}
    told = f"job {now.id} ({now.name}) is {now.state}"
    if now.request:
        told += f" and asked to {now.request}: it is {aim} soon"
    elif not aim:
        told += f" with priority {now.priority}"
    output.emit({**data, "priority": now.priority}, lambda: told)

"""``nas cancel``, ``pause``, ``retry``, ``priority``, ``delete``: what people do to jobs."""

from __future__ import annotations

import sys

import click

from nas.cli.output import Output, output_option
from nas.cli.service import service
from nas.errors import UsageProblem


@click.command()
@click.argument("job")
@output_option
def cancel(job: str, output: Output) -> None:
    """End JOB for good; its results and its front are kept."""
    change(job, "cancel", output)


@click.command()
@click.argument("job")
@output_option
def pause(job: str, output: Output) -> None:
    """Let what runs of JOB come to its rung, then stop; 'nas resume' goes on."""
    change(job, "pause", output)


@click.command()
@click.argument("job")
@click.option("--trials", "failed_trials", is_flag=True, help="Also the trials that failed.")
@output_option
def retry(job: str, failed_trials: bool, output: Output) -> None:
    """Queue JOB again after it failed or was cancelled."""
    change(job, "retry", output, failed_trials=failed_trials)


# A priority below 0 begins like an option.
@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("job")
@click.argument("priority", type=int)
@output_option
def priority(job: str, priority: int, output: Output) -> None:
    """Move JOB in the queue: -100 to 100, higher is sooner."""
    change(job, "priority", output, priority=priority)


@click.command()
@click.argument("job")
@click.option("--yes", is_flag=True, help="Don't ask.")
@output_option
def delete(job: str, yes: bool, output: Output) -> None:
    """Forget JOB with its records and checkpoints; exports and MLflow's records stay."""
    near = service()
    found = near.job(job)
    told = f"job {found['id']} ({found['name']}), {found['trials']['total']} trials"
    if not yes:
        if not sys.stdin.isatty():
            raise UsageProblem(f"this would delete {told}; say --yes")
        click.confirm(f"Delete {told}?", abort=True, err=True)
    near.delete(found["name"])
    output.emit({"id": found["id"], "name": found["name"]}, lambda: f"deleted {told}")


def change(name: str, verb: str, output: Output, **body: object) -> None:
    """Do something to a job and tell what it is now, or soon."""
    now = service().change(name, verb, body)
    told = f"job {now['id']} ({now['name']}) is {now['state']}"
    if now["request"]:
        told += f" and asked to {now['request']}"
    elif verb == "priority":
        told += f" with priority {now['priority']}"
    output.emit(now, lambda: told)

"""Driving a job from the command line, and what to say when it ends."""

from __future__ import annotations

import time

from nas.cli.job_progress import job_display
from nas.cli.output import Output, say
from nas.home import Home
from nas.signals import stopped_by_sigterm
from nas.store.records import Job
from nas.store.store import Store


def drive_and_tell(store: Store, home: Home, job: Job, *, quiet: bool, output: Output) -> None:
    """Drive a job to its end with MLflow following, then print its summary.

    Raises:
        KeyboardInterrupt: after saying how to go on.
        NasError: what ended the job.
    """
    from nas.jobs.driver import drive_job
    from nas.tracking.follow import following

    stopped_by_sigterm()
    begun = time.monotonic()
    try:
        with job_display(quiet=quiet) as (display, observe):
            follower = following(store, home, job, display.note)
            job = drive_job(store, home, job, observe, follower=follower)
    except KeyboardInterrupt:
        say(f"stopped; every finished rung is kept. Go on with: nas resume {job.name}")
        raise
    tell_end(store, job, time.monotonic() - begun, output)


def complete_records(store: Store, home: Home, job: Job, *, quiet: bool, output: Output) -> None:
    """Bring MLflow up to date with a job that is done."""
    from nas.tracking.follow import following

    begun = time.monotonic()
    with job_display(quiet=quiet) as (display, _), following(store, home, job, display.note):
        display.note(f"{job.name} is done; nothing is left to train")
    tell_end(store, job, time.monotonic() - begun, output)


def tell_end(store: Store, job: Job, seconds: float, output: Output) -> None:
    """Print the summary, and for people what to do next."""
    from nas.analysis.summary import job_summary
    from nas.cli.show import parts

    summary = job_summary(store, job)
    output.emit(summary, lambda: parts(summary))
    if not output.json:
        say(f"\n{job.name} is done after {seconds:.0f} s. Next:")
        say(f"  nas front {job.name}                     the Pareto front")
        say(f"  nas report {job.name}                    the verdict against the baselines")
        say(f"  nas export {job.name} --pick knee --to DIR   a model as code")

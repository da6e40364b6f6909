"""Recording a job from the command line, with progress."""

from __future__ import annotations

from nas.cli.progress import progress
from nas.home import Home
from nas.job_file.reading import load, locator
from nas.jobs.recording import local_owner, record
from nas.settings import named_data
from nas.store.records import Job, JobState
from nas.store.store import Store


def record_job(
    file: str,
    overrides: tuple[str, ...],
    *,
    quiet: bool,
    priority: int = 0,
    state: JobState = "queued",
) -> tuple[Store, Home, Job]:
    """Check a job file to the bottom and record it here.

    Raises:
        NasError: for everything that is wrong with the file, its data or its space.
    """
    spec, home = load(file, overrides, named_data()), Home.here()
    with progress(quiet=quiet) as display:
        display.note(f"checking {file}: data, shapes, costs")
        store, job = record(
            home,
            spec,
            locator(file, overrides),
            display.note,
            owner=local_owner(),
            priority=priority,
            state=state,
        )
    return store, home, job

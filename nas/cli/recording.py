"""Checking a job file to the bottom and recording it; nothing is written before all is right."""

from __future__ import annotations

from nas.cli.progress import progress
from nas.errors import JobFileError, NameTaken, did_you_mean
from nas.home import Home
from nas.spec import JobSpec
from nas.spec_file import Locate, load, locator
from nas.store.records import Job
from nas.store.store import Store


def record_job(file: str, overrides: tuple[str, ...], *, quiet: bool) -> tuple[Store, Home, Job]:
    """Light check, deep check, then the store.

    Raises:
        NasError: for everything that is wrong with the file, its data or its space.
    """
    spec = load(file, overrides)
    home = Home.here()
    _check_names(home, spec, locator(file, overrides))
    with progress(quiet=quiet) as display:
        display.note(f"checking {file}: data, shapes, costs")
        from nas.deep import deep_check
        from nas.submission import submit

        found = deep_check(spec, locator(file, overrides))
        for what, value in found.rows():
            display.note(f"  {what:<22}{value}")
        store = Store(home.store_url)
        job = submit(store, spec, found)
        if spec.warm_start:
            from nas.plan import Plan
            from nas.search.warm import warm_start

            for note in warm_start(Plan.of(job, home.checkpoints(job.name)), store).notes():
                display.note(note)
    return store, home, job


def _check_names(home: Home, spec: JobSpec, locate: Locate) -> None:
    """The job's name is free, and the jobs that it starts from exist; nothing is created."""
    known: list[str] = []
    if home.has_store:
        store = Store(home.store_url)
        known = [job.name for job in store.jobs.list()]
        store.close()
    if spec.name in known:
        raise NameTaken(spec.name)
    missing = [(i, name) for i, name in enumerate(spec.warm_start) if name not in known]
    if missing:
        raise JobFileError(
            [
                locate(("warm_start", i), f"there is no job {name!r}{did_you_mean(name, known)}")
                for i, name in missing
            ]
        )

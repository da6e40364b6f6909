"""Checking a job file to the bottom and recording it; nothing is written before all is right."""

from __future__ import annotations

from nas.cli.progress import progress
from nas.errors import NameTaken
from nas.home import Home
from nas.spec_file import load, locator
from nas.store.records import Job
from nas.store.store import Store


def record_job(file: str, overrides: tuple[str, ...], *, quiet: bool) -> tuple[Store, Home, Job]:
    """Light check, deep check, then the store.

    Raises:
        NasError: for everything that is wrong with the file, its data or its space.
    """
    spec = load(file, overrides)
    home = Home.here()
    _refuse_taken(home, spec.name)
    with progress(quiet=quiet) as display:
        display.note(f"checking {file}: data, shapes, costs")
        from nas.deep import deep_check
        from nas.submission import submit

        found = deep_check(spec, locator(file, overrides))
        for what, value in found.rows():
            display.note(f"  {what:<22}{value}")
    store = Store(home.store_url)
    return store, home, submit(store, spec, found)


def _refuse_taken(home: Home, name: str) -> None:
    if not home.store_address and not home.store_file.exists():
        return
    store = Store(home.store_url)
    if any(job.name == name for job in store.jobs.list()):
        raise NameTaken(name)
    store.close()

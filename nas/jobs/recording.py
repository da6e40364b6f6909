"""Recording a job: checked to the bottom first; nothing is written before all is right."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Collection

from nas.errors import JobFileError, NameTaken, did_you_mean
from nas.home import Home
from nas.job_file.reading import Locate
from nas.job_file.spec import JobSpec
from nas.settings import Settings
from nas.store.records import Job, JobState
from nas.store.store import Store


def record(
    home: Home,
    spec: JobSpec,
    locate: Locate,
    note: Callable[[str], None],
    *,
    owner: str,
    priority: int = 0,
    state: JobState = "queued",
) -> tuple[Store, Job]:
    """Check a job to the bottom and record it.

    Args:
        home: of the store, which is made if need be.
        spec: of the job file.
        locate: tells where in the file a problem is.
        note: told what was found.
        owner: who submits it.
        priority: of its place in the queue.
        state: ``queued``, or ``paused`` for who drives it himself.

    Raises:
        NasError: for everything that is wrong with the file, its data or its space.
    """
    _check_names(home, spec, locate)
    spec = _placed(spec, Settings.here(home).checkpoints)
    from nas.jobs.deep import deep_check
    from nas.jobs.submission import submit

    found = deep_check(spec, locate)
    for what, value in found.rows():
        note(f"  {what:<22}{value}")
    store = Store(home.store_url)
    job = submit(store, spec, found, owner=owner, priority=priority, state=state)
    if spec.warm_start:
        from nas.plan import Plan
        from nas.search.warm import warm_start

        for line in warm_start(Plan.of(job, home.checkpoints(job.name)), store).notes():
            note(line)
    return store, job


def local_owner() -> str:
    """Who runs this process; empty if the machine has no name for them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _placed(spec: JobSpec, place: str | None) -> JobSpec:
    """With the settings' place of checkpoints where the job names none."""
    if place is None or spec.checkpoints.place is not None:
        return spec
    kept = spec.checkpoints.model_copy(update={"place": place})
    return spec.model_copy(update={"checkpoints": kept})


def _check_names(home: Home, spec: JobSpec, locate: Locate) -> None:
    """The job's name is free, and the jobs that it starts from exist; nothing is created."""
    known = _known(home)
    if spec.name in known:
        raise NameTaken(spec.name)
    _check_warm_start(spec, known, locate)


def _known(home: Home) -> list[str]:
    if not home.has_store:
        return []
    store = Store(home.store_url)
    try:
        return [job.name for job in store.jobs.list()]
    finally:
        store.close()


def check_warm_start_here(home: Home, spec: JobSpec, locate: Locate) -> None:
    """The jobs that a job starts from exist in this store; nothing is created.

    Raises:
        JobFileError: for those that don't.
    """
    if spec.warm_start:
        _check_warm_start(spec, _known(home), locate)


def _check_warm_start(spec: JobSpec, known: Collection[str], locate: Locate) -> None:
    missing = [(i, name) for i, name in enumerate(spec.warm_start) if name not in known]
    if missing:
        raise JobFileError(
            [
                locate(("warm_start", i), f"there is no job {name!r}{did_you_mean(name, known)}")
                for i, name in missing
            ]
        )

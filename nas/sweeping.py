"""Files and rows that nobody needs any more: of deleted jobs, of old tasks, of jobs long over."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from nas.errors import WrongState
from nas.holding.control import delete
from nas.home import Home
from nas.store.records import OVER, Job
from nas.store.store import Store

#: Days that an archive of an export is kept for fetching.
ARCHIVE_DAYS = 7.0

_DAY = 86_400.0


@dataclass(frozen=True)
class Swept:
    """What was deleted, or would be.

    Attributes:
        jobs: by name; that were over for longer than they are kept.
        files: archives, and logs and checkpoint folders of jobs that are no more.
        bytes: of those files.
    """

    jobs: tuple[str, ...]
    files: tuple[str, ...]
    bytes: int


def gc(store: Store, home: Home, retention_days: float | None, *, dry: bool = False) -> Swept:
    """Delete what nobody needs.

    Args:
        store: with the jobs.
        home: of the files.
        retention_days: that jobs are kept after they are over; None: for ever.
        dry: only tell.
    """
    old = [job for job in store.jobs.list() if _is_old(job, retention_days)]
    forgotten = [job for job in old if dry or _forget(store, home, job)]
    # Jobs are listed after the files: one that began meanwhile keeps its own.
    found = [*_archives(home), *_of_jobs(home)]
    names = {job.name for job in store.jobs.list()} - {job.name for job in forgotten}
    gone = [path for path, job in found if job is None or job not in names]
    size = sum(map(_size, gone))
    if not dry:
        for path in gone:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    jobs = tuple(sorted(job.name for job in forgotten))
    return Swept(jobs, tuple(str(path) for path in gone), size)


def sweep_job(home: Home, job: Job) -> None:
    """Delete the checkpoints and the log of a job that is forgotten."""
    from workers.storage import storage_of

    place = job.place_of_checkpoints(home.checkpoints(job.name))
    storage_of(place).clear(place)
    home.job_log(job.name).unlink(missing_ok=True)


def _forget(store: Store, home: Home, job: Job) -> bool:
    try:
        delete(store, job)
    except WrongState:
        return False  # somebody goes on with it
    sweep_job(home, job)
    return True


def _is_old(job: Job, days: float | None) -> bool:
    over = job.state in OVER and job.finished_ms is not None
    if days is None or not over:
        return False
    return time.time() - (job.finished_ms or 0) / 1000 > days * _DAY


def _archives(home: Home) -> list[tuple[Path, str | None]]:
    folder, now = home.exports / "tasks", time.time()
    files = list(folder.iterdir()) if folder.is_dir() else []
    return [(path, None) for path in files if now - path.stat().st_mtime > ARCHIVE_DAYS * _DAY]


def _of_jobs(home: Home) -> list[tuple[Path, str | None]]:
    folders, logs = home.root / "checkpoints", home.logs / "jobs"
    found: list[tuple[Path, str | None]] = []
    if folders.is_dir():
        found += [(path, path.name) for path in folders.iterdir() if path.is_dir()]
    if logs.is_dir():
        found += [(path, path.stem) for path in logs.iterdir()]
    return found


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())

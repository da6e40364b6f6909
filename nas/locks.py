"""One driver a job: a file lock that the operating system frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nas.errors import WrongState


def _lock_file(home: Path, job: str) -> Path:
    return home / "locks" / f"{job}.lock"


@contextmanager
def driving(home: Path, job: str) -> Iterator[None]:
    """Hold a job for this process.

    Raises:
        WrongState: if another process drives it.
    """
    path = _lock_file(home, job)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            pid = handle.read().strip() or "unknown"
            raise WrongState(f"job {job!r} is being driven already, by process {pid}") from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def is_driven(home: Path, job: str) -> bool:
    """Whether some process holds the job now."""
    path = _lock_file(home, job)
    if not path.exists():
        return False
    with path.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False

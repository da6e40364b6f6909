"""Who does what for the service: dispatchers and drivers that live, tasks of a trial."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.dispatchers import Alive
from dashboard.tasks import archive_of
from nas.analysis.summary import iso
from nas.errors import NotFound
from nas.home import Home
from nas.store.leases import Dispatcher, Holding
from nas.store.rows import now_ms
from nas.store.store import Store
from nas.store.tasks import ServiceTask, TaskKind

#: Milliseconds without a sign of life after which a process counts as gone at the first look: no
#: two clocks are that far apart. What fell silent lately, ``Alive`` sees by a clock of its own.
SILENT_MS = 3_600_000


@dataclass(frozen=True)
class Standing:
    """Dispatchers and leases, and which of them show no sign of life."""

    dispatchers: tuple[tuple[Dispatcher, bool], ...]
    leases: tuple[tuple[Holding, bool], ...]

    @classmethod
    def of(cls, store: Store, alive: Alive) -> Standing:
        """As they are now."""
        held, stale = alive.leases(store)
        gone = {one.token for one in stale}
        return cls(
            tuple(
                (one, not lives or _silent(one.beat_ms)) for one, lives in alive.dispatchers(store)
            ),
            tuple((one, one.token in gone or _silent(one.beat_ms)) for one in held),
        )

    @property
    def dispatching(self) -> bool:
        """Whether anybody would do a task."""
        return not all(silent for _, silent in self.dispatchers)


def newest_task(store: Store, job_id: int, kind: TaskKind, trial: int) -> ServiceTask | None:
    """The last task of a kind for a trial, or None."""
    found = [task for task in store.tasks.of(job_id, kind) if task.payload.get("trial") == trial]
    return found[-1] if found else None


def task_view(task: ServiceTask | None) -> dict[str, Any] | None:
    """What a page shows of a task."""
    if task is None:
        return None
    error = (task.error or {}).get("message", "")
    pictures = [name for name in (task.result or {}).get("files", ()) if name.endswith(".svg")]
    return {
        "id": task.id,
        "state": task.state,
        "error": error,
        "finished": iso(task.finished_ms),
        "pictures": pictures,
    }


def picture_of(task: ServiceTask, home: Home, name: str) -> bytes:
    """A picture out of the archive that a task made.

    Raises:
        NotFound: if there is none of this name, or the archive is gone.
    """
    result = task.result or {}
    archive: Path | None = archive_of(home, task)
    if archive is None or not name.endswith(".svg") or name not in result.get("files", ()):
        raise NotFound("picture", name, result.get("files", ()))
    with zipfile.ZipFile(archive) as opened:
        return opened.read(f"{result['folder']}/{name}")


def _silent(beat_ms: int) -> bool:
    return now_ms() - beat_ms >= SILENT_MS

"""What dispatchers do, and which are there: read afresh, as no event tells of it."""

from __future__ import annotations

from typing import Any

from nas.analysis.summary import iso
from nas.holder import is_gone
from nas.store.leases import Dispatcher
from nas.store.rows import now_ms
from nas.store.store import Store
from nas.store.tasks import ServiceTask, TaskKind

#: Milliseconds without a sign of life after which whoever gave it counts as gone. Two machines'
#: clocks may differ by less; a watcher's own clock would have to wait before it could say anything.
SILENT_MS = 60_000


def is_silent(holder: str, beat_ms: int, now: int) -> bool:
    """Whether a process is dead, or showed no sign of life for too long."""
    return is_gone(holder) or now - beat_ms >= SILENT_MS


def is_there(dispatcher: Dispatcher, now: int) -> bool:
    """Whether a dispatcher can be expected to do something."""
    return not is_silent(dispatcher.holder, dispatcher.beat_ms, now)


def dispatching(store: Store) -> bool:
    """Whether anybody would do a task."""
    now = now_ms()
    return any(is_there(dispatcher, now) for dispatcher in store.leases.dispatchers())


def newest_task(store: Store, job_id: int, kind: TaskKind, trial: int) -> dict[str, Any] | None:
    """The last task of a kind for a trial, or None."""
    found = [
        task
        for task in store.tasks.list()
        if (task.job_id, task.kind, task.payload.get("trial")) == (job_id, kind, trial)
    ]
    return _view(found[-1]) if found else None


def _view(task: ServiceTask) -> dict[str, Any]:
    error = (task.error or {}).get("message", "")
    return {"id": task.id, "state": task.state, "error": error, "finished": iso(task.finished_ms)}

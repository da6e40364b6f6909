"""Work for a dispatcher on behalf of the web process: whatever loads torch."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from nas.errors import LeaseLost, NotFound
from nas.store.rows import as_record, inserted_id, now_ms
from nas.store.schema import tasks
from nas.store.transactions import Tables, exclusively, patient

TaskKind = Literal["submit", "extend", "export", "attention_maps", "retrain", "webhook"]
TaskState = Literal["queued", "running", "done", "failed"]

#: A task whose process died so often is given up.
MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class ServiceTask:
    """One piece of such work.

    Attributes:
        job_id: that it is about; None for a submission.
        owner: on whose behalf.
        payload: what to do; ``result`` what came of it; ``error`` as the API reports errors.
        token: of whoever does it; ``beats`` its signs of life.
        attempts: how often it was begun.
    """

    id: int
    kind: TaskKind
    job_id: int | None
    owner: str
    payload: dict[str, Any]
    state: TaskState
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    token: str
    holder: str
    beats: int
    attempts: int
    created_ms: int
    finished_ms: int | None


@patient
class ServiceTasks(Tables):
    """The table of tasks."""

    def add(
        self, kind: TaskKind, payload: dict[str, Any], owner: str = "", job_id: int | None = None
    ) -> ServiceTask:
        """Queue a task."""
        with self._engine.begin() as connection:
            key = add_task(connection, kind, payload, owner, job_id)
        return self.get(key)

    def get(self, task_id: int) -> ServiceTask:
        """A task by its id.

        Raises:
            NotFound: if there is none.
        """
        with self._engine.connect() as connection:
            row = connection.execute(select(tasks).where(tasks.c.id == task_id)).mappings().first()
        if row is None:
            raise NotFound("task", task_id)
        return as_record(ServiceTask, row)

    def of(self, job_id: int, kind: TaskKind) -> list[ServiceTask]:
        """Tasks of one kind about one job, oldest first."""
        ours = (tasks.c.job_id == job_id, tasks.c.kind == kind)
        query = select(tasks).where(*ours).order_by(tasks.c.id)
        with self._engine.connect() as connection:
            return [as_record(ServiceTask, row) for row in connection.execute(query).mappings()]

    def list(self, state: TaskState | None = None) -> list[ServiceTask]:
        """Tasks, oldest first; of one state or all."""
        query = select(tasks).order_by(tasks.c.id)
        if state is not None:
            query = query.where(tasks.c.state == state)
        with self._engine.connect() as connection:
            return [as_record(ServiceTask, row) for row in connection.execute(query).mappings()]

    def claim(self, holder: str, stale: Collection[ServiceTask] = ()) -> ServiceTask | None:
        """Begin the oldest waiting task, or one whose process is gone; None if there is none."""
        gone = {(task.id, task.token) for task in stale}
        open_ = select(tasks).where(tasks.c.state.in_(("queued", "running"))).order_by(tasks.c.id)
        with self._engine.begin() as connection:
            exclusively(connection)
            for row in connection.execute(open_).mappings():
                task = as_record(ServiceTask, row)
                if task.state == "running" and (task.id, task.token) not in gone:
                    continue
                if task.attempts >= MAX_ATTEMPTS:
                    told = f"the process that did it died {task.attempts} times"
                    error = {"kind": "unexpected", "message": told}
                    changes = {"state": "failed", "error": error, "finished_ms": now_ms()}
                    connection.execute(update(tasks).where(tasks.c.id == task.id).values(changes))
                    continue
                changes = {
                    "state": "running",
                    "token": secrets.token_hex(16),
                    "holder": holder,
                    "beats": 0,
                    "attempts": task.attempts + 1,
                }
                connection.execute(update(tasks).where(tasks.c.id == task.id).values(changes))
                break
            else:
                return None
        return self.get(task.id)

    def beat(self, task: ServiceTask, holder: str) -> None:
        """Show a sign of life.

        Raises:
            LeaseLost: if another process does it now.
        """
        self._change(task, {"beats": tasks.c.beats + 1, "holder": holder})

    def finish(self, task: ServiceTask, result: dict[str, Any]) -> None:
        """Record what came of it.

        Raises:
            LeaseLost: if another process does it now.
        """
        self._change(task, {"state": "done", "result": result, "finished_ms": now_ms()})

    def fail(self, task: ServiceTask, error: dict[str, Any]) -> None:
        """Record why nothing came of it.

        Raises:
            LeaseLost: if another process does it now.
        """
        self._change(task, {"state": "failed", "error": error, "finished_ms": now_ms()})

    def put_back(self, task: ServiceTask) -> None:
        """Queue a task again that was stopped by hand; that was no attempt.

        Raises:
            LeaseLost: if another process does it now.
        """
        self._change(task, {"state": "queued", "token": "", "attempts": tasks.c.attempts - 1})

    def _change(self, task: ServiceTask, changes: dict[str, Any]) -> None:
        ours = (tasks.c.id == task.id, tasks.c.token == task.token, tasks.c.state == "running")
        with self._engine.begin() as connection:
            if connection.execute(update(tasks).where(*ours).values(changes)).rowcount != 1:
                raise LeaseLost(f"task {task.id} is done by another process now")


def add_task(
    connection: Connection,
    kind: TaskKind,
    payload: dict[str, Any],
    owner: str = "",
    job_id: int | None = None,
) -> int:
    """Queue a task in the caller's transaction; gives its id."""
    values = {
        "kind": kind,
        "job_id": job_id,
        "owner": owner,
        "payload": payload,
        "state": "queued",
        "token": "",
        "holder": "",
        "beats": 0,
        "attempts": 0,
        "created_ms": now_ms(),
    }
    return inserted_id(connection.execute(insert(tasks), values))

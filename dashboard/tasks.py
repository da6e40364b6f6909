"""Tasks: what a dispatcher does on behalf of a request, and what came of it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path as Folder
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse

from dashboard.api import Read
from dashboard.guard.identity import Who
from dashboard.reader import Reader
from dashboard.shapes import TaskShape, answers
from nas.analysis.summary import iso
from nas.errors import NotFound, WrongState
from nas.home import Home
from nas.store.store import Store
from nas.store.tasks import ServiceTask

#: Seconds between two looks at a task that is waited for.
_POLL_SECONDS = 0.15

Number = Annotated[int, Path(ge=1, lt=2**63)]

router = APIRouter(prefix="/api/v1/tasks/{number}")


@router.get("", responses=answers(200, TaskShape, "The task as it stands."))
def task(number: Number, read: Read) -> dict[str, Any]:
    """A task: its state, and what came of it."""
    store, found = _task(read, number)
    return as_json(store, found)


@router.get(
    "/download",
    response_class=FileResponse,
    responses={200: {"content": {"application/zip": {}}}},
)
def download(number: Number, request: Request, read: Read, who: Who) -> Response:
    """The archive that a task made."""
    store, found = _task(read, number)
    if found.job_id is not None:
        who.need_own(store.jobs.get(str(found.job_id)))
    if found.state != "done":
        raise WrongState(f"task {number} is {found.state}; it has nothing to download")
    home: Home = request.app.state.home
    file = archive_of(home, found)
    if file is None:
        raise NotFound("file of task", number)
    return FileResponse(file, filename=file.name, media_type="application/zip")


def archive_of(home: Home, task: ServiceTask) -> Folder | None:
    """The archive that a task made, if it is still there."""
    return _within(home.exports, (task.result or {}).get("file"))


def as_json(store: Store, task: ServiceTask) -> dict[str, Any]:
    """A task as the API gives it; the file's place on the service's disk is left out."""
    result = task.result or {}
    return {
        "id": task.id,
        "kind": task.kind,
        "job": _job_name(store, task.job_id),
        "owner": task.owner,
        "state": task.state,
        "result": {k: v for k, v in result.items() if k != "file"} if task.result else None,
        "error": task.error,
        "created": iso(task.created_ms),
        "finished": iso(task.finished_ms),
        "download": "file" in result,
    }


async def waited_for(store: Store, number: int, seconds: float) -> ServiceTask:
    """A task once it is over, or as it is after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        found = await run_in_threadpool(store.tasks.get, number)
        left = deadline - time.monotonic()
        if found.state in ("done", "failed") or left <= 0:
            return found
        await asyncio.sleep(min(_POLL_SECONDS, left))


def accepted(store: Store, task: ServiceTask) -> Response:
    """What is answered while a task waits for a dispatcher, is being done, or is done."""
    return JSONResponse(as_json(store, task), 202)


def failed(task: ServiceTask) -> Response:
    """What is answered where a task failed: its error, with the status of its own."""
    error = task.error or {}
    body = {key: error.get(key, default) for key, default in _ERROR.items()}
    return JSONResponse({"error": body}, int(error.get("status", 500)))


_ERROR: dict[str, Any] = {"kind": "unexpected", "message": "", "problems": []}


def _task(read: Reader, number: int) -> tuple[Store, ServiceTask]:
    store = read.existing()
    if store is None:
        raise NotFound("task", number)
    return store, store.tasks.get(number)


def _job_name(store: Store, job_id: int | None) -> str | None:
    if job_id is None:
        return None
    try:
        return store.jobs.get(str(job_id)).name
    except NotFound:
        return None


def _within(folder: Folder, name: object) -> Folder | None:
    """The file of this name, if it is there and lies in the folder, whatever links say."""
    if not isinstance(name, str):
        return None
    file = (folder / name).resolve()
    return file if file.is_relative_to(folder.resolve()) and file.is_file() else None

"""What people do to jobs over HTTP: the same verbs as the command line's."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from dashboard.api import Read
from dashboard.bodies import PriorityBody
from dashboard.guard.identity import Submitter
from dashboard.reader import Reader
from dashboard.shapes import ERRORS, JobState, answers
from nas import control
from nas.remote import check_priority
from nas.settings import Settings
from nas.store.records import Job
from nas.store.store import Store

router = APIRouter(prefix="/api/v1/jobs/{name}", responses=ERRORS)

_STATE = answers(200, JobState, "The job as it is now; ``request`` is what its driver was asked.")


def settings_of(request: Request) -> Settings:
    """The settings of the service."""
    found: Settings = request.app.state.settings
    return found


ServiceSettings = Annotated[Settings, Depends(settings_of)]


@router.post("/cancel", responses=_STATE)
def cancel(name: str, read: Read, who: Submitter) -> dict[str, Any]:
    """End a job for good; its results and its front are kept."""
    store, job = own_job(read, who, name)
    return _state(control.cancel(store, job))


@router.post("/pause", responses=_STATE)
def pause(name: str, read: Read, who: Submitter) -> dict[str, Any]:
    """Let what runs come to its rung, then stop."""
    store, job = own_job(read, who, name)
    return _state(control.pause(store, job))


@router.post("/resume", responses=_STATE)
def resume(name: str, read: Read, who: Submitter) -> dict[str, Any]:
    """Queue a paused, interrupted or failed job again."""
    store, job = own_job(read, who, name)
    return _state(control.requeue(store, job))


@router.post("/retry", responses=_STATE)
def retry(
    name: str, read: Read, who: Submitter, trials: Annotated[bool, Query()] = False
) -> dict[str, Any]:
    """Queue a failed or cancelled job again; with ``trials`` also the trials that failed."""
    store, job = own_job(read, who, name)
    return _state(control.retry(store, job, trials))


@router.post("/priority", responses=_STATE)
def priority(
    name: str, body: PriorityBody, read: Read, who: Submitter, settings: ServiceSettings
) -> dict[str, Any]:
    """Move a job in the queue: -100 to 100, higher is sooner."""
    store, job = own_job(read, who, name)
    check_priority(body.priority, settings, admin=who.may("admin"))
    return _state(control.set_priority(store, job, body.priority))


@router.delete("", status_code=204)
def delete(name: str, read: Read, who: Submitter) -> Response:
    """Forget a job with all its records."""
    store, job = own_job(read, who, name)
    control.delete(store, job)
    return Response(status_code=204)


def own_job(read: Reader, who: Submitter, name: str) -> tuple[Store, Job]:
    """A job that one may act on.

    Raises:
        NotFound: with the nearest name.
        NotAllowed: if it is another's.
    """
    job = read.found(name)
    who.need_own(job)
    return read.store(), job


def _state(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state,
        "request": job.request,
        "priority": job.priority,
    }

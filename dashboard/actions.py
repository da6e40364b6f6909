"""What people do to jobs over HTTP: the same verbs as the command line's."""

from __future__ import annotations

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request, Response

from dashboard.api import Read
from dashboard.bodies import NOTHING_MORE, PriorityBody, Retry
from dashboard.guard.identity import Submitter
from dashboard.reader import Reader
from dashboard.shapes import JobSummary, answers
from nas.holding import control
from nas.remote import check_priority
from nas.settings import Settings
from nas.store.records import Job
from nas.store.store import Store
from nas.sweeping import sweep_job

_LOG = logging.getLogger(__name__)

router = APIRouter(prefix="/api/v1/jobs/{name}")

_STATE = answers(200, JobSummary, "The job as it is now; ``request`` is what its driver was asked.")


def settings_of(request: Request) -> Settings:
    """The settings of the service."""
    found: Settings = request.app.state.settings
    return found


ServiceSettings = Annotated[Settings, Depends(settings_of)]


@router.post("/cancel", responses=_STATE)
def cancel(name: str, read: Read, who: Submitter) -> dict[str, Any]:
    """End a job for good; its results and its front are kept."""
    store, job = own_job(read, who, name)
    return read.job(control.cancel(store, job).name)


@router.post("/pause", responses=_STATE)
def pause(name: str, read: Read, who: Submitter) -> dict[str, Any]:
    """Let what runs come to its rung, then stop."""
    store, job = own_job(read, who, name)
    return read.job(control.pause(store, job).name)


@router.post("/resume", responses=_STATE)
def resume(name: str, read: Read, who: Submitter) -> dict[str, Any]:
    """Queue a paused, interrupted or failed job again."""
    store, job = own_job(read, who, name)
    return read.job(control.requeue(store, job).name)


@router.post("/retry", responses=_STATE)
def retry(
    name: str, read: Read, who: Submitter, again: Annotated[Retry, Body()] = NOTHING_MORE
) -> dict[str, Any]:
    """Queue a failed or cancelled job again; if asked also the trials that failed."""
    store, job = own_job(read, who, name)
    return read.job(control.retry(store, job, again.failed_trials).name)


@router.post("/priority", responses=_STATE)
def priority(
    name: str, body: PriorityBody, read: Read, who: Submitter, settings: ServiceSettings
) -> dict[str, Any]:
    """Move a job in the queue: -100 to 100, higher is sooner."""
    store, job = own_job(read, who, name)
    check_priority(body.priority, settings, admin=who.may("admin"))
    return read.job(control.set_priority(store, job, body.priority).name)


@router.delete("", status_code=204)
def delete(name: str, request: Request, read: Read, who: Submitter) -> Response:
    """Forget a job with all its records."""
    store, job = own_job(read, who, name)
    control.delete(store, job)
    try:
        sweep_job(request.app.state.home, job)
    except Exception:
        # Its files may lie where only dispatchers may write; their housekeeping finds them.
        _LOG.warning("files of %s are left for a dispatcher", job.name, exc_info=True)
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

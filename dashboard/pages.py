"""HTML pages: the jobs, one job, and what is said where there is nothing to show."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from dashboard import rendering
from dashboard.api import Read

_HEADINGS = {404: "Not found", 503: "The store doesn't answer"}

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/")
def jobs_page(request: Request, read: Read) -> Response:
    """All jobs, newest first."""
    return rendering.page(request, "jobs.html", {"jobs": read.jobs()})


@router.get("/jobs/{name}")
def job_page(request: Request, name: str, read: Read) -> Response:
    """One job: where it stands, its verdict, its front."""
    job = read.job(name)
    over = job["state"] not in ("queued", "running")
    report = read.report(name) if job["front_size"] and over else None
    return rendering.job_page(request, "job.html", job, {"report": report})


def message_page(request: Request, status: int, message: str) -> Response:
    """A page that says what went wrong and where to go on."""
    heading = _HEADINGS.get(status, "Something went wrong")
    context = {"status": status, "heading": heading, "message": message}
    return rendering.page(request, "message.html", context, status)

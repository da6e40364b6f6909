"""HTML pages: the jobs, one job, and what is said where there is nothing to show."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from dashboard.api import Read
from dashboard.formats import FILTERS

_TEMPLATES = Jinja2Templates(directory=Path(__file__).parent / "templates")
_TEMPLATES.env.filters.update(FILTERS)

_HEADINGS = {404: "Not found", 503: "The store doesn't answer"}

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/")
def jobs_page(request: Request, read: Read) -> Response:
    """All jobs, newest first."""
    return _TEMPLATES.TemplateResponse(request, "jobs.html", {"jobs": read.jobs()})


@router.get("/jobs/{name}")
def job_page(request: Request, name: str, read: Read) -> Response:
    """One job: where it stands, its verdict, its front as a chart and as a table."""
    front = read.front(name)
    points = front["points"]
    job = read.job(name)
    over = job["state"] not in ("queued", "running")
    context = {
        "job": job,
        "front": front,
        "report": read.report(name) if points and over else None,
        "has_repeats": any(point["accuracy_mean"] is not None for point in points),
        "has_test": any(point["test_accuracy"] is not None for point in points),
        "has_latency": any(point["latency_ms"] is not None for point in points),
        "plotly_version": version("plotly"),
    }
    return _TEMPLATES.TemplateResponse(request, "job.html", context)


def message_page(request: Request, status: int, message: str) -> Response:
    """A page that says what went wrong and where to go on."""
    heading = _HEADINGS.get(status, "Something went wrong")
    context = {"status": status, "heading": heading, "message": message}
    return _TEMPLATES.TemplateResponse(request, "message.html", context, status_code=status)

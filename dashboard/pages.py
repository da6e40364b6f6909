"""HTML pages: a job, its placement map, and what is said where there is nothing to show."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from dashboard import rendering
from dashboard.api import Read
from dashboard.charts.importance import TITLES, importance_numbers, importance_table
from dashboard.charts.placements import GLYPH, placement_map, placement_numbers
from dashboard.charts.routes import chart_of
from dashboard.kept import NotYetError
from dashboard.snapshot import Snapshot
from nas.analysis.effects import FEWEST
from nas.analysis.progress import seconds_left

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/jobs/{name}")
def job_page(request: Request, name: str, read: Read) -> Response:
    """One job: where it stands, its verdict, its front."""
    job = read.job(name)
    over = job["state"] not in ("queued", "running")
    context = {
        "report": read.report(name) if job["front_size"] and over else None,
        "left": read.of(name, "left", _left),
        "front": chart_of(read, name, "front").chart,
    }
    return rendering.job_page(request, "job.html", job, context)


@router.get("/jobs/{name}/placements")
def placements_page(request: Request, name: str, read: Read) -> Response:
    """What each attention type does where, and how much each axis matters."""
    job = read.job(name)
    try:
        found, front = read.soon(name, "effects", lambda seen: (seen.effects, seen.front))
    except NotYetError:
        return rendering.job_page(request, "placements.html", job, {"map": None})
    context = {
        "map": placement_map(found, front),
        "importance": importance_table(found),
        "numbers": {
            "placements": placement_numbers(found, front),
            "importance": importance_numbers(found),
        },
        "titles": TITLES,
        "fewest": FEWEST,
        "glyph": GLYPH,
    }
    return rendering.job_page(request, "placements.html", job, context)


def _left(seen: Snapshot) -> float | None:
    driven = seen.store.charges.driven_seconds(seen.job.id)
    return seconds_left(seen.job, seen.results, driven)

"""The page of one trial, its drawing, its attention maps and its charts."""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from dashboard import rendering
from dashboard.api import Read
from dashboard.charts.curves import accuracy_curve, loss_curve
from dashboard.charts.payload import Json
from dashboard.guard.identity import Who
from dashboard.service import Standing, newest_task, picture_of, task_view
from dashboard.snapshot import Snapshot
from dashboard.trial_view import picture, trial_view
from nas.errors import NotFound

CHARTS: dict[str, Callable[[Snapshot, int], Json]] = {
    "accuracy": accuracy_curve,
    "loss": loss_curve,
}

#: Pixels of a drawing that is made smaller until it fits; that takes a fifth away at most.
MOST_SHRUNK = 1500

router = APIRouter(include_in_schema=False)


@router.get("/jobs/{name}/trials/{number}", response_class=HTMLResponse)
def trial_page(request: Request, name: str, number: int, read: Read, who: Who) -> Response:
    """One trial: drawn, measured, with all that is known of where its numbers come from."""
    view = read.of(name, f"trial {number}", lambda seen: trial_view(seen, number))
    drawing = read.of(name, f"drawing {number}", lambda seen: picture(seen, number))
    found, store = read.found(name), read.store()
    context = {
        **view,
        "drawing": drawing,
        "fits": _fits(drawing),
        "dispatching": Standing.of(store, request.app.state.alive).dispatching,
        "may": who.owns(found.owner),
        "exports": task_view(newest_task(store, found.id, "export", number)),
        "maps": task_view(newest_task(store, found.id, "attention_maps", number)),
    }
    return rendering.job_page(request, "trial.html", read.job(name), context)


def _fits(drawing: str | None) -> bool:
    """Whether it can be read at the width of a page; broader ones are scrolled."""
    width = re.search(r'width="(\d+)"', drawing or "")
    return width is not None and int(width[1]) <= MOST_SHRUNK


@router.get("/jobs/{name}/trials/{number}/architecture.svg")
def drawing_file(name: str, number: int, read: Read) -> Response:
    """The architecture's drawing as a file.

    Raises:
        NotFound: if there is no such trial, or nothing to draw it from.
    """
    drawing = read.of(name, f"drawing {number}", lambda seen: picture(seen, number))
    if drawing is None:
        raise NotFound("drawing of trial", number)
    named = {"Content-Disposition": f'inline; filename="{name}-trial-{number}.svg"'}
    return Response(drawing, media_type="image/svg+xml", headers=named)


@router.get("/jobs/{name}/trials/{number}/maps/{file}")
def maps_picture(
    request: Request, name: str, number: int, file: str, read: Read, who: Who
) -> Response:
    """One picture of the newest attention maps; they show images of the data.

    Raises:
        NotAllowed: as the download of the whole.
        NotFound: if there is no such picture.
    """
    found = read.found(name)
    who.need_own(found)
    task = newest_task(read.store(), found.id, "attention_maps", number)
    if task is None:
        raise NotFound("attention maps of trial", number)
    return Response(picture_of(task, request.app.state.home, file), media_type="image/svg+xml")


@router.get("/api/v1/jobs/{name}/trials/{number}/charts/{chart}")
def trial_chart(name: str, number: int, chart: str, read: Read) -> Json:
    """A chart of one trial: a plotly figure with its numbers as a table."""
    if chart not in CHARTS:
        raise NotFound("chart", chart, list(CHARTS))
    what = f"trial {number} chart {chart}"
    return read.of(name, what, lambda seen: CHARTS[chart](seen, number))

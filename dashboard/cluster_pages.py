"""The page of the cluster: workers, drivers, queue and timeline."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from dashboard import rendering
from dashboard.api import Read
from dashboard.charts.payload import Json, payload
from dashboard.charts.timeline import timeline_chart
from dashboard.cluster_view import Timeline, Window, cluster_view, timeline
from dashboard.reader import Reader
from dashboard.service import Standing

#: Window -> what it is called.
WINDOWS: dict[Window, str] = {
    "latest": "latest work",
    "1": "1 hour",
    "6": "6 hours",
    "24": "24 hours",
    "168": "7 days",
}

router = APIRouter(include_in_schema=False)


@router.get("/cluster", response_class=HTMLResponse)
def cluster_page(request: Request, read: Read, window: Window = "latest") -> Response:
    """Who trains what now, who drives it, what waits, and what was done when."""
    context = {
        "window": window,
        "windows": WINDOWS,
        "view": _view(request, read, window),
        "lanes": 0 if (found := _timeline(read, window)) is None else len(found.lanes),
    }
    return rendering.page(request, "cluster.html", context)


@router.get("/api/v1/cluster")
def cluster(request: Request, read: Read, window: Window = "latest") -> dict[str, Any]:
    """What the page shows, but for the timeline."""
    return _view(request, read, window) or {}


@router.get("/api/v1/cluster/charts/timeline")
def cluster_timeline(read: Read, window: Window = "latest") -> Json:
    """The timeline: a plotly figure with its numbers as a table."""
    found = _timeline(read, window)
    if found is None:
        return payload({"data": [], "layout": {}}, (), [], empty="Nothing was recorded yet.")
    made = read.lately(f"chart timeline {window}", lambda store: timeline_chart(found))
    assert made is not None  # there is a store
    return made


def _timeline(read: Reader, window: Window) -> Timeline | None:
    return read.lately(f"timeline {window}", lambda store: timeline(store, window))


def _view(request: Request, read: Reader, window: Window) -> dict[str, Any] | None:
    found = _timeline(read, window)
    if found is None:
        return None
    alive = request.app.state.alive
    return read.lately(
        f"cluster {window}",
        lambda store: cluster_view(store, found, Standing.of(store, alive)),
    )

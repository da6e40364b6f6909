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
from dashboard.service import Standing
from nas.store.store import Store

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
    store = read.existing()
    found = None if store is None else timeline(store, window)
    context: dict[str, Any] = {
        "window": window,
        "windows": WINDOWS,
        "view": None if store is None or found is None else _view(request, store, found),
        "lanes": 0 if found is None else len(found.lanes),
        "jobs": 0 if store is None else len(store.jobs.list()),
    }
    return rendering.page(request, "cluster.html", context)


@router.get("/api/v1/cluster")
def cluster(request: Request, read: Read, window: Window = "latest") -> dict[str, Any]:
    """What the page shows, but for the timeline."""
    store = read.existing()
    return {} if store is None else _view(request, store, timeline(store, window))


@router.get("/api/v1/cluster/charts/timeline")
def cluster_timeline(read: Read, window: Window = "latest") -> Json:
    """The timeline: a plotly figure with its numbers as a table."""
    store = read.existing()
    if store is None:
        return payload({"data": [], "layout": {}}, (), [], empty="Nothing was recorded yet.")
    return timeline_chart(timeline(store, window))


def _view(request: Request, store: Store, found: Timeline) -> dict[str, Any]:
    return cluster_view(store, found, Standing.of(store, request.app.state.alive))

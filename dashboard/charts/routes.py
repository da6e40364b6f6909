"""Addresses of the charts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from dashboard.api import Read
from dashboard.charts.front import front_chart
from dashboard.charts.importance import importance_chart
from dashboard.charts.ledger import ledger_chart
from dashboard.charts.parallel import parallel_chart
from dashboard.charts.payload import Json
from dashboard.charts.placements import placements_chart
from dashboard.charts.rungs import rungs_chart
from dashboard.charts.volume import volume_chart
from dashboard.charts.written import Written
from dashboard.reader import Reader
from dashboard.snapshot import Snapshot
from nas.errors import NotFound

CHARTS: dict[str, Callable[[Snapshot], Json]] = {
    "front": front_chart,
    "volume": volume_chart,
    "ledger": ledger_chart,
    "rungs": rungs_chart,
    "parallel": parallel_chart,
    "placements": placements_chart,
    "importance": importance_chart,
}

router = APIRouter()


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}}
}


@router.get("/api/v1/jobs/{name}/charts/{chart}", response_class=Response, responses=_ANSWERS)
def chart(request: Request, name: str, chart: str, read: Read) -> Response:
    """One chart of a job: a plotly figure with its numbers as a table."""
    if chart not in CHARTS:
        raise NotFound("chart", chart, list(CHARTS))
    return chart_of(read, name, chart).answer(request)


def chart_of(read: Reader, name: str, chart: str) -> Written:
    """A chart of a job, kept until the job changes."""
    return read.of(name, f"chart {chart}", lambda seen: Written.of(CHARTS[chart](seen)))

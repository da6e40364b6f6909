"""For supervisors and monitoring: whether the process lives, whether it can serve, its numbers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from dashboard.dispatchers import Alive
from dashboard.guard.identity import Who
from dashboard.metrics import CONTENT_TYPE, Metrics
from dashboard.reader import Reader
from nas.errors import NasError

router = APIRouter()


@router.get("/healthz", include_in_schema=False)
async def healthz() -> dict[str, str]:
    """Whether the process lives."""
    return {"status": "ok"}


@router.get("/readyz", include_in_schema=False)
def readyz(request: Request) -> Response:
    """Whether jobs can be read, and whether somebody takes them; 503 where they can't be read."""
    found = readiness(request.app.state.reader, request.app.state.alive)
    return JSONResponse(found, 200 if found["store"] == "ok" else 503)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request, who: Who) -> Response:
    """Numbers for Prometheus."""
    numbers: Metrics = request.app.state.metrics
    return Response(await run_in_threadpool(numbers.text), media_type=CONTENT_TYPE)


def readiness(reader: Reader, alive: Alive) -> dict[str, Any]:
    """What works: ``store`` (ok, or why not), ``dispatcher`` (seen lately, unseen)."""
    try:
        reader.check()
        there = any(lives for _, lives in alive.dispatchers(reader.existing()))
    except NasError as error:
        return {"status": "unready", "store": str(error), "dispatcher": "unknown"}
    return {
        "status": "ok" if there else "no dispatcher",
        "store": "ok",
        "dispatcher": "seen" if there else "unseen",
    }

"""The events of a job: as they happen (server-sent events), or those that are there (JSON)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.types import Send

from dashboard.api import Read
from dashboard.guard.access import Guard
from dashboard.guard.identity import Who
from dashboard.hub import Hub
from nas.analysis.events import event_json

#: Followers at once; each holds a connection.
MOST_FOLLOWERS = 1000

#: Seconds for which one who follows may take nothing before the connection is closed.
STALL_SECONDS = 30.0

#: For proxies: pass everything on at once, and unchanged.
_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}

#: Sent at once, so that the connection is known to stand; milliseconds until a reconnection.
_OPENING = b": following\nretry: 2000\n\n"
_SIGN_OF_LIFE = b": still here\n\n"

#: Seconds of silence after which a sign of life is sent; between two looks at the token.
_HEARTBEAT, _ASK_SECONDS = 15.0, 1.5

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A stream, or a list.",
        "content": {
            "text/event-stream": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
        },
    }
}

router = APIRouter()


@router.get("/api/v1/jobs/{name}/events", response_class=Response, responses=_ANSWERS)
async def events(
    name: str,
    request: Request,
    read: Read,
    who: Who,
    after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
    last_event_id: Annotated[str, Header()] = "",
    accept: Annotated[str, Header()] = "",
) -> Response:
    """A job's events after one of them, oldest first.

    With ``Accept: application/json`` a list of at most ``limit``; otherwise a stream of server-sent
    events that goes on until the job is over, and then ends with an event named ``end``.
    """
    job = await run_in_threadpool(read.found, name)
    if "application/json" in accept:
        found = await run_in_threadpool(read.events, name, after, limit)
        return JSONResponse([event_json(event) for event in found])
    hub: Hub = request.app.state.hub
    if hub.followers >= MOST_FOLLOWERS:
        return _busy()
    if last_event_id.isdecimal() and len(last_event_id) < 19:
        after = int(last_event_id)
    guard: Guard = request.app.state.guard
    frames = _frames(hub, job.id, after, lambda: guard.still(who))
    return EventStream(frames, media_type="text/event-stream")


async def _frames(
    hub: Hub, job_id: int, after: int, allowed: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """The stream, for as long as its token may be used."""
    yield _OPENING
    told = asked = time.monotonic()
    async with aclosing(hub.follow(job_id, after, _ASK_SECONDS)) as following:
        async for chunk in following:
            now = time.monotonic()
            if now - asked >= _ASK_SECONDS:
                asked = now
                if not await run_in_threadpool(allowed):
                    return
            if chunk or now - told >= _HEARTBEAT:
                told = now
                yield chunk or _SIGN_OF_LIFE


def _busy() -> Response:
    told = f"{MOST_FOLLOWERS} connections follow jobs already; try again later"
    error: dict[str, Any] = {"kind": "busy", "message": told}
    return JSONResponse({"error": error}, 503, {"Retry-After": "10"})


class EventStream(StreamingResponse):
    """A stream that lets go of a client which takes nothing for long."""

    def __init__(self, content: AsyncIterator[bytes], **named: Any) -> None:
        super().__init__(content, headers=_HEADERS, **named)

    async def stream_response(self, send: Send) -> None:
        """Send what comes; the server's own buffers hold no more than they like."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        body: Any = self.body_iterator
        async with aclosing(body) as chunks:
            async for chunk in chunks:
                message = {"type": "http.response.body", "body": chunk, "more_body": True}
                await asyncio.wait_for(send(message), STALL_SECONDS)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

"""What is noted of every request: an id, a line, a count; and what fails unexpectedly."""

from __future__ import annotations

import logging
import re
import secrets
import time

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.answers import answer
from dashboard.guard.base_path import path_of
from dashboard.metrics import Metrics
from nas.logs import REQUEST

_LOG = logging.getLogger("dashboard.access")
_FAILURES = logging.getLogger("dashboard")

#: Ids of requests that are taken over from a proxy.
_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)

#: Not worth a line: asked all the time, by machines.
_QUIET = ("/static/", "/healthz", "/readyz", "/metrics")


class Requests:
    """Notes every request, and answers for what went wrong below.

    Args:
        app: what is below.
        metrics: counts.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        given = request.headers.get("x-request-id", "")
        number = given if _ID.fullmatch(given) else secrets.token_hex(8)
        status, began = 0, time.monotonic()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = number
            await send(message)

        with_id = REQUEST.set(number)
        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            _FAILURES.exception("%s %s", request.method, path_of(request))
            if status:
                raise
            told = f"unexpected: {type(error).__name__}; the server's log has more: {number}"
            await answer(request, 500, "unexpected", told)(scope, receive, noted)
        finally:
            self._note(request, status, time.monotonic() - began)
            REQUEST.reset(with_id)

    def _note(self, request: Request, status: int, seconds: float) -> None:
        route = request.scope.get("route")
        self._metrics.count(request.method, getattr(route, "path", ""), status, seconds)
        if path_of(request).startswith(_QUIET):
            return
        who = getattr(request.state, "who", None)
        about = {
            "status": status,
            "ms": round(1000 * seconds, 1),
            "address": request.client.host if request.client else "",
            "token": who.name if who and who.token else "",
        }
        # Without what follows the '?', and without headers.
        _LOG.info("%s %s", request.method, path_of(request), extra=about)

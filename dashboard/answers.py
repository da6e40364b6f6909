"""Errors as answers: JSON below ``/api``, elsewhere a page."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from dashboard import rendering
from dashboard.guard.base_path import path_of
from nas.errors import NasError, NotSignedIn, TooManyRequests

_WRONG = "That address can't be shown"
_HEADINGS = {
    400: _WRONG,
    403: "Not allowed",
    404: "Not found",
    422: _WRONG,
    503: "The store doesn't answer",
}


def error_answer(request: Request, error: NasError) -> Response:
    """What a ``NasError`` is answered with."""
    headers = {}
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = 'Bearer realm="nas"'
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.retry_after)
    return answer(request, error.http_status, error.kind, str(error), error.details(), headers)


def answer(
    request: Request,
    status: int,
    kind: str,
    message: str,
    problems: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """An error with its HTTP status."""
    if wants_page(request):
        return message_page(request, status, message, headers)
    body = {"kind": kind, "message": message, "problems": problems or []}
    return JSONResponse({"error": body}, status, headers)


def wants_page(request: Request) -> bool:
    """Whether a person asks, with a browser."""
    return not path_of(request).startswith(("/api/", "/metrics", "/healthz", "/readyz"))


def message_page(
    request: Request, status: int, message: str, headers: dict[str, str] | None = None
) -> Response:
    """A page that says what went wrong and where to go on."""
    heading = _HEADINGS.get(status, "Something went wrong")
    context = {"status": status, "heading": heading, "message": message}
    page = rendering.page(request, "message.html", context, status)
    page.headers.update(headers or {})
    return page

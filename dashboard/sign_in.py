"""Sign-in and sign-out for browsers, with a token."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from dashboard import rendering
from dashboard.guard.access import Guard, refuse_foreign_origin
from dashboard.guard.base_path import base_of
from dashboard.guard.sessions import COOKIE, LIFE
from nas.errors import NasError, NotAllowed

router = APIRouter(include_in_schema=False)


def _guard(request: Request) -> Guard:
    found: Guard = request.app.state.guard
    return found


Guarding = Annotated[Guard, Depends(_guard)]


@router.get("/sign-in")
def sign_in_page(request: Request, there: Annotated[str, Query(alias="next")] = "/") -> Response:
    """Asks for a token."""
    return _page(request, there)


@router.post("/sign-in")
async def sign_in(request: Request, guard: Guarding) -> Response:
    """Set the cookie, and go where one wanted to."""
    refuse_foreign_origin(request)
    form = await _form(request)
    there = form.get("next", "/")
    try:
        token = await run_in_threadpool(guard.token_of, request, form.get("token", "").strip())
        cookie = await run_in_threadpool(guard.sessions.issue, token.id)
    except NasError as error:
        return _page(request, there, str(error), error.http_status)
    answer = RedirectResponse(base_of(request) + _ours(there), 303)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=LIFE,
        path=base_of(request) or "/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, guard: Guarding) -> Response:
    """Forget the cookie."""
    refuse_foreign_origin(request)
    cookie, form = request.cookies.get(COOKIE, ""), await _form(request)
    if cookie and not guard.sessions.same(cookie, form.get("csrf", "")):
        raise NotAllowed("this form is not of this sign-in; load the page again")
    answer = RedirectResponse(base_of(request) + "/sign-in", 303)
    answer.delete_cookie(COOKIE, path=base_of(request) or "/")
    return answer


def _page(request: Request, there: str, problem: str = "", status: int = 200) -> Response:
    context = {"next": _ours(there), "problem": problem}
    return rendering.page(request, "sign_in.html", context, status)


async def _form(request: Request) -> dict[str, str]:
    text = (await request.body()).decode("utf-8", "replace")
    return {key: values[-1] for key, values in parse_qs(text, max_num_fields=10).items()}


def _ours(there: str) -> str:
    """An address of ours; never one that leads elsewhere."""
    plain = there.startswith("/") and not there.startswith("//") and "\\" not in there
    return there if plain and there.isprintable() else "/"

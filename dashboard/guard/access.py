"""Lets in who may: by token, by signed cookie, or from this machine while there is no token."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.answers import error_answer, wants_page
from dashboard.guard.base_path import base_of, path_of
from dashboard.guard.identity import Identity, local_user
from dashboard.guard.keyring import Keyring
from dashboard.guard.rates import Rates
from dashboard.guard.sessions import COOKIE, Sessions
from nas.errors import NasError, NotAllowed, NotSignedIn, TooManyRequests
from nas.store.tokens import Token

#: Open to everybody: what a page of sign-in needs, and what a supervisor of processes asks.
OPEN = ("/static/", "/healthz", "/readyz", "/sign-in", "/sign-out", "/favicon.ico")

_READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Guard:
    """What decides who may come in.

    Attributes:
        exposed: whether others than this machine's users reach the service: then a token is needed.
        requests_per_minute: of a token without a limit of its own.
        failures_per_minute: sign-ins that may fail, of one address.
    """

    keyring: Keyring
    sessions: Sessions
    rates: Rates
    exposed: bool
    requests_per_minute: int
    failures_per_minute: int

    def identify(self, request: Request) -> Identity:
        """Who asks.

        Raises:
            NotSignedIn: if a token is needed and there is none that may be used.
            NotAllowed: if a foreign page made the browser ask.
            TooManyRequests: if the token, or the address, asks too often.
        """
        header = request.headers.get("authorization")
        cookie = request.cookies.get(COOKIE, "")
        if header is not None:
            scheme, _, text = header.partition(" ")
            if scheme.lower() != "bearer":
                raise NotSignedIn("the header Authorization must be: Bearer TOKEN")
            token = self.token_of(request, text.strip())
            return self._within(token, Identity(token.name, token.owner, token.role, token))
        number = self.sessions.read(cookie) if cookie else None
        token_of_cookie = self.keyring.usable(number) if number is not None else None
        if token_of_cookie is not None:
            self._refuse_foreign(request, cookie)
            found = token_of_cookie
            csrf = self.sessions.csrf(cookie)
            return self._within(found, Identity(found.name, found.owner, found.role, found, csrf))
        if self.exposed or self.keyring.required():
            raise NotSignedIn("this service wants a token: Authorization: Bearer TOKEN")
        self._refuse_foreign(request, "")
        return local_user()

    def still(self, who: Identity) -> bool:
        """Whether one who came in may still be here."""
        if who.token is None:
            return not self.keyring.required()
        return self.keyring.usable(who.token.id) is not None

    def token_of(self, request: Request, text: str) -> Token:
        """The token that a text is.

        Raises:
            NotSignedIn: if it is none that may be used.
            TooManyRequests: if this address tried too many that are none.
        """
        address = ("failed", request.client.host if request.client else "")
        limit = self.failures_per_minute
        if not self.keyring.known(text):
            wait = self.rates.wait(address, limit)
            if wait:
                raise _too_many(f"too many wrong tokens from this address; {limit} a minute", wait)
        token = self.keyring.check(text)
        if token is None:
            self.rates.take(address, limit)
            raise NotSignedIn("this token is not valid: unknown, expired or revoked")
        return token

    def _within(self, token: Token, identity: Identity) -> Identity:
        limit = token.requests_per_minute or self.requests_per_minute
        wait = self.rates.take(token.id, limit)
        if wait:
            raise _too_many(f"token {token.name!r} may make {limit} requests a minute", wait)
        return identity

    def _refuse_foreign(self, request: Request, cookie: str) -> None:
        """What a browser sends along by itself proves nothing: a foreign page may have asked."""
        if request.method in _READING:
            return
        refuse_foreign_origin(request)
        if cookie and not self.sessions.same(cookie, request.headers.get("x-csrf-token", "")):
            raise NotAllowed("the header X-CSRF-Token is missing or not that of this sign-in")


def refuse_foreign_origin(request: Request) -> None:
    """Refuse what a page of another origin made a browser send.

    Raises:
        NotAllowed: naming the origin.
    """
    origin = request.headers.get("origin")
    same = origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
    if not same or request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise NotAllowed(f"a page of {origin or 'another site'} can't do this here")


class Access:
    """Asks the guard before every route that is not open to everybody."""

    def __init__(self, app: ASGIApp, guard: Callable[[], Guard]) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if not path_of(request).startswith(OPEN):
            try:
                request.state.who = await run_in_threadpool(self._guard().identify, request)
            except NasError as error:
                await _refusal(request, error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _refusal(request: Request, error: NasError) -> Response:
    if isinstance(error, NotSignedIn) and wants_page(request) and request.method == "GET":
        there = quote(path_of(request))
        return RedirectResponse(f"{base_of(request)}/sign-in?next={there}", 303)
    return error_answer(request, error)


def _too_many(told: str, wait: float) -> TooManyRequests:
    seconds = math.ceil(wait)
    return TooManyRequests(f"{told}; try again in {seconds} s", seconds)

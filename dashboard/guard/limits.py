"""How large a request may be, and how long it may take to arrive."""

from __future__ import annotations

import asyncio

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.answers import error_answer
from nas.errors import NasError, TooLarge, UsageProblem

#: Seconds between two parts of a body.
PATIENCE = 20.0


class Limits:
    """Refuses bodies that are too large, also where they come in parts, and those that stall.

    Args:
        app: what is below.
        most: bytes.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        told = request.headers.get("content-length", "")
        if told.isdecimal() and int(told) > self._most:
            error: NasError = TooLarge(f"{int(told):,} bytes; at most {self._most:,}")
            await error_answer(request, error)(scope, receive, send)
            return
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            # Nothing of ours is named like that, and PostgreSQL takes it nowhere.
            error = UsageProblem("the address holds a character that no name has")
            await error_answer(request, error)(scope, receive, send)
            return
        got, whole = 0, False

        async def limited() -> Message:
            nonlocal got, whole
            if whole:  # what comes now is that the client is gone, whenever that may be
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), PATIENCE)
            except TimeoutError:
                raise HTTPException(408, f"no more of the request within {PATIENCE:g} s") from None
            got += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if got > self._most:
                raise HTTPException(413, f"the request has more than {self._most:,} bytes")
            return message

        await self._app(scope, limited, send)

"""A path below which everything lies, behind a reverse proxy; the proxy may strip it or not."""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send


class BasePath:
    """Tells routes and pages about the base path.

    Args:
        app: what is below.
        base: without a slash at its end; empty: none.
    """

    def __init__(self, app: ASGIApp, base: str) -> None:
        self._app, self._base = app, base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] == "http" and self._base:
            path = scope["path"]
            if path != self._base and not path.startswith(self._base + "/"):
                path = self._base + path
            scope = {**scope, "root_path": self._base, "path": path}
        await self._app(scope, receive, send)


def base_of(request: HTTPConnection) -> str:
    """What stands before every address of ours that a browser is given."""
    base: str = request.scope.get("root_path", "")
    return base


def path_of(request: HTTPConnection) -> str:
    """The path that was asked for, without the base path."""
    path: str = request.scope["path"]
    return path.removeprefix(base_of(request)) or "/"

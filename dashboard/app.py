"""The web application: routes, security headers, and what happens to errors.

Read-only, and light: it answers without loading torch, ray or mlflow.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from dashboard import (
    api,
    cluster_pages,
    compare_pages,
    events,
    pages,
    trial_list,
    trial_pages,
)
from dashboard.charts import routes as charts
from dashboard.guard.base_path import BasePath, path_of
from dashboard.guard.headers import SecurityHeaders
from dashboard.hub import Hub
from dashboard.reader import Reader
from nas.errors import NasError
from nas.figures import plotly_script

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_STATIC = Path(__file__).parent / "static"


def create_app(store_url: str, listens_on: str = "127.0.0.1", base_path: str = "") -> FastAPI:
    """The application over one store.

    Args:
        store_url: of our store; an embedded one that doesn't exist yet counts as empty.
        listens_on: on a loopback address, requests that name any other host are refused, so that
            a foreign page can't read through a name that it points at 127.0.0.1.
        base_path: below which all of it lies, behind a proxy.
    """
    app = FastAPI(
        title="Attention placement",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
    )
    app.state.reader = Reader(store_url)
    app.state.hub = Hub(app.state.reader.store)
    app.include_router(api.router)
    app.include_router(events.router)
    app.include_router(charts.router)
    app.include_router(trial_list.api)
    app.include_router(pages.router)
    app.include_router(trial_list.pages)
    app.include_router(trial_pages.router)
    app.include_router(compare_pages.router)
    app.include_router(cluster_pages.router)
    app.get("/static/plotly.min.js", include_in_schema=False)(_plotly)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.add_exception_handler(NasError, _on_nas_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_unexpected)
    app.add_middleware(GZipMiddleware, minimum_size=2000, compresslevel=5)
    if listens_on in LOOPBACK:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, "[::1]"])
    app.add_middleware(SecurityHeaders)
    app.add_middleware(BasePath, base=base_path)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.hub.close()
    app.state.reader.close()


def _plotly() -> FileResponse:
    # The address carries plotly's version (base.html), so that a browser may keep it.
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return FileResponse(plotly_script(), media_type="text/javascript", headers=headers)


def _on_nas_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, NasError)
    return _answer(request, error.http_status, error.kind, str(error))


def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = "not_found" if error.status_code == 404 else "refused"
    message = f"there is no page {path_of(request)}" if kind == "not_found" else str(error.detail)
    return _answer(request, error.status_code, kind, message)


def _on_unexpected(request: Request, error: Exception) -> Response:
    # The server's log has the traceback; a page must not.
    return _answer(request, 500, "unexpected", f"unexpected: {type(error).__name__}")


def _answer(request: Request, status: int, kind: str, message: str) -> Response:
    if path_of(request).startswith("/api/"):
        return JSONResponse({"error": {"kind": kind, "message": message}}, status)
    return pages.message_page(request, status, message)

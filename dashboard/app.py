"""The web application: routes, what stands before them, and what happens to errors.

Light: it answers without loading torch, ray or mlflow; what needs them is a dispatcher's task.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from dashboard import (
    actions,
    api,
    cluster_pages,
    compare_pages,
    events,
    health,
    job_list,
    pages,
    sign_in,
    submissions,
    submit_page,
    tasks,
    trial_list,
    trial_pages,
)
from dashboard.answers import answer, error_answer, wants_page
from dashboard.charts import routes as charts
from dashboard.dispatchers import Alive
from dashboard.guard.access import Access, Guard
from dashboard.guard.base_path import BasePath, path_of
from dashboard.guard.headers import SecurityHeaders
from dashboard.guard.keyring import Keyring
from dashboard.guard.limits import Limits
from dashboard.guard.rates import Rates
from dashboard.guard.requests import Requests
from dashboard.guard.sessions import Sessions
from dashboard.hub import Hub
from dashboard.metrics import Metrics
from dashboard.reader import Reader
from dashboard.shapes import ERRORS
from nas.errors import NasError
from nas.figures import plotly_script
from nas.home import Home
from nas.job_file.reading import dotted
from nas.service.listening import LOOPBACK, is_exposed
from nas.settings import Settings

#: HTTP's own errors, in the words of ours.
_KINDS = {404: "not_found", 405: "not_allowed", 408: "too_slow", 413: "too_large"}

#: Everything that has addresses.
ROUTERS = (
    health.router,
    api.router,
    events.router,
    actions.router,
    submissions.router,
    tasks.router,
    charts.router,
    trial_list.api,
    sign_in.router,
    job_list.router,
    pages.router,
    submit_page.router,
    trial_list.pages,
    trial_pages.router,
    compare_pages.router,
    cluster_pages.router,
)

#: For the description of the API alone: the guard looks at tokens before any route.
_BEARER = HTTPBearer(auto_error=False, description="A token of `nas token create`.")

_STATIC = Path(__file__).parent / "static"


def create_app(
    store_url: str,
    listens_on: str = "127.0.0.1",
    base_path: str = "",
    *,
    behind_proxy: bool = False,
    home: Home | None = None,
    settings: Settings | None = None,
) -> FastAPI:
    """The application over one store.

    Args:
        store_url: of our store; an embedded one that doesn't exist yet counts as empty.
        listens_on: on a loopback address and not behind a proxy, requests that name any other host
            are refused, so that a foreign page can't read through a name that it points at
            127.0.0.1; and no token is needed as long as there is none.
        base_path: below which all of it lies, behind a proxy.
        behind_proxy: others than this machine's users come through one.
        home: of exports and of the key that signs cookies; by default this process'.
        settings: of the administrator; by default the home's.
    """
    home = home or Home.here()
    settings = settings or Settings.here(home)
    app = FastAPI(
        title="Attention placement",
        version=version("attention-placement-nas"),
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        dependencies=[Security(_BEARER)],
        lifespan=_lifespan,
    )
    state = app.state
    state.home, state.settings = home, settings
    state.reader, state.alive = Reader(store_url), Alive()
    state.hub = Hub(state.reader.store)
    state.metrics = Metrics(state.reader.existing, lambda: state.hub.followers, state.alive)
    state.guard = Guard(
        keyring=Keyring(state.reader.existing),
        sessions=Sessions(home.root / "session.key"),
        rates=Rates(),
        exposed=is_exposed(listens_on, behind_proxy),
        requests_per_minute=settings.requests_per_minute,
        failures_per_minute=settings.failed_sign_ins_per_minute,
    )
    for router in ROUTERS:
        app.include_router(router, responses=ERRORS)
    app.get("/static/plotly.min.js", include_in_schema=False)(_plotly)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.add_exception_handler(NasError, _on_nas_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    _wrap(app, base_path)
    return app


def _wrap(app: FastAPI, base_path: str) -> None:
    """What a request passes on its way to a route; the last one here is the first."""
    app.add_middleware(GZipMiddleware, minimum_size=2000, compresslevel=5)
    app.add_middleware(Limits, most=app.state.settings.request_bytes)
    app.add_middleware(Access, guard=lambda: app.state.guard)
    if not app.state.guard.exposed:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, "[::1]"])
    app.add_middleware(Requests, metrics=app.state.metrics)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(BasePath, base=base_path)


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
    return error_answer(request, error)


def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = _KINDS.get(error.status_code, "refused")
    message = _no_page(request) if kind == "not_found" else str(error.detail)
    return answer(request, error.status_code, kind, message, headers=dict(error.headers or {}))


def _no_page(request: Request) -> str:
    return f"there is no page {path_of(request)}"


def _on_invalid(request: Request, error: Exception) -> Response:
    """What a request asks with is wrong: every problem by its place."""
    assert isinstance(error, RequestValidationError)
    if wants_page(request) and any(one["loc"][0] == "path" for one in error.errors()):
        return answer(request, 404, "not_found", _no_page(request))
    problems = [
        {"where": str(one["loc"][0]), "path": dotted(one["loc"][1:]), "message": one["msg"]}
        for one in error.errors()
    ]
    told = "; ".join(f"{one['where']} {one['path']}: {one['message']}" for one in problems)
    if wants_page(request):
        given = ", ".join(repr(str(one.get("input"))[:60]) for one in error.errors())
        told += f"; given: {given}"
    return answer(request, 422, "invalid_request", told, problems)

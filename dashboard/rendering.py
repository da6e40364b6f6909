"""How pages are made: the templates, and what every page of a job shows above its content."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates
from starlette.routing import NoMatchFound

from dashboard.formats import FILTERS
from dashboard.guard.base_path import base_of, path_of
from dashboard.job_head import asked_of, head_of

#: Route -> title, in the order of the tabs; a trial has a tab only on its own page.
TABS = {
    "job_page": "Overview",
    "placements_page": "Placement map",
    "trials_page": "Trials",
    "trial_page": "Trial",
}

#: Milliseconds that a page rests between two refreshes: at least, and for each who follows a job. A
#: refresh costs the server about half of the latter, so that they take less than half a core.
_REST_MS, _VIEWER_MS = 1000, 110


def _addresses(request: Request) -> dict[str, Any]:
    """For every template.

    ``base`` stands before each ``href``, ``src`` and ``action``; ``who`` is signed in, None at this
    machine without a token; ``csrf`` is sent along by forms, empty where no cookie is used;
    ``may_submit`` says whether one may submit jobs.
    """
    who = getattr(request.state, "who", None)
    return {
        "base": base_of(request),
        "here": path_of(request),
        "who": who if who and who.token else None,
        "csrf": who.csrf if who else "",
        "may_submit": bool(who and who.may("submitter")),
    }


_TEMPLATES = Jinja2Templates(
    directory=Path(__file__).parent / "templates", context_processors=[_addresses]
)
_TEMPLATES.env.filters.update({**FILTERS, "asked": asked_of})
_TEMPLATES.env.globals["plotly"] = f"/static/plotly.min.js?v={version('plotly')}"


def load_templates() -> None:
    """Compile all of them."""
    for name in _TEMPLATES.env.list_templates(extensions=["html"]):
        _TEMPLATES.env.get_template(name)


def page(
    request: Request, template: str, context: Mapping[str, Any], status: int = 200
) -> Response:
    """A page that belongs to no job."""
    return _TEMPLATES.TemplateResponse(request, template, dict(context), status_code=status)


def job_page(
    request: Request, template: str, job: Mapping[str, Any], context: Mapping[str, Any]
) -> Response:
    """A page of a job, from a template that extends ``job_base.html``.

    Args:
        request: its route's name says which tab is here.
        template: file below ``templates/``.
        job: as ``nas show -o json``.
        context: what else the template needs.
    """
    whole = {
        "job": job,
        "tabs": _tabs(request, job["name"]),
        "rest": max(_REST_MS, _VIEWER_MS * request.app.state.hub.followers),
        **head_of(request, job),
        "events": f"{_url(request, 'events', job['name'])}?after={job['last_event']}",
        **context,
    }
    return page(request, template, whole)


def _tabs(request: Request, name: str) -> list[dict[str, Any]]:
    here = request.scope["route"].name
    found = []
    for route, title in TABS.items():
        url = _url(request, route, name)
        if url is None:  # it needs a trial's number
            if route != here:
                continue
            url, title = path_of(request), f"{title} {request.path_params['number']}"
        found.append({"url": url, "title": title, "here": route == here})
    return found


def _url(request: Request, route: str, name: str) -> str | None:
    try:
        return str(request.app.url_path_for(route, name=name))
    except NoMatchFound:
        return None

"""The page of all jobs: filtered by the address, each with how its front grew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from dashboard import rendering
from dashboard.api import Read
from dashboard.charts.payload import thinned
from dashboard.job_head import actions_of, dialogs_of
from dashboard.snapshot import Snapshot
from nas.analysis.progress import history
from nas.errors import UsageProblem, did_you_mean
from nas.store.schema import JOB_STATES

#: Jobs of a page.
SIZE = 20

#: Points of a sparkline, its width and its height.
POINTS, WIDTH, HEIGHT = 60, 120.0, 32.0

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@router.get("/")
def jobs_page(
    request: Request,
    read: Read,
    state: str = "",
    owner: str = "",
    text: str = "",
    page: str = "1",
) -> Response:
    """All jobs or those that are looked for, newest first."""
    if state and state not in JOB_STATES:
        known = ", ".join(JOB_STATES)
        raise UsageProblem(
            f"no state {state!r}{did_you_mean(state, JOB_STATES)}; there are: {known}"
        )
    if not page.isdecimal() or int(page) < 1:
        raise UsageProblem(f"page {page!r} can't be: a whole number from 1")
    first = (int(page) - 1) * SIZE
    states = (state,) if state else ()
    found, jobs = read.jobs_page(states, owner.strip() or None, text.strip(), first, SIZE)
    given = {"state": state, "owner": owner, "text": text}
    filters = {key: value for key, value in given.items() if value}
    newer, older = ("Newer", int(page) - 1), ("Older", int(page) + 1)
    beside = [newer] * (first > 0) + [older] * (found > first + SIZE)
    context = {
        "jobs": [
            {
                **job,
                "spark": read.of(job["name"], "spark", _spark),
                "actions": actions_of(job, request.state.who),
            }
            for job in jobs
        ],
        **dialogs_of(request),
        "total": found or read.jobs_page((), None, "", 0, 1)[0],
        "states": JOB_STATES,
        **given,
        "page": int(page),
        "first_page": urlencode(filters),
        "filtered": bool(filters),
        "watch": "/api/v1/jobs?" + urlencode({**filters, "page": page, "size": SIZE}),
        "pages": [
            {"title": title, "query": urlencode({**filters, "page": number})}
            for title, number in beside
        ],
    }
    return rendering.page(request, "jobs.html", context)


def _spark(seen: Snapshot) -> dict[str, Any] | None:
    """The hypervolume by ended trials as a path; None while there is none."""
    volumes = [step.hypervolume for step in history(seen.job, seen.results)]
    if not volumes or not volumes[-1]:
        return None
    shown = thinned(volumes, POINTS)
    return {"path": _path(shown), "first": next(v for v in shown if v), "last": shown[-1]}


def _path(values: Sequence[float]) -> str:
    """A staircase over the whole width, from the first front to the last."""
    step, low, high = WIDTH / max(1, len(values) - 1), min(v for v in values if v), max(values)
    room = (high - low) or 1.0
    heights = [HEIGHT - 3 - (HEIGHT - 6) * max(0.0, value - low) / room for value in values]
    moves = [f"H{i * step:.1f}V{height:.1f}" for i, height in enumerate(heights[1:], 1)]
    return f"M0 {heights[0]:.1f}" + "".join(moves) + f"H{WIDTH:g}"

"""The page that lays jobs or architectures side by side, and its charts."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from dashboard import compare_view as view
from dashboard import rendering
from dashboard.api import Read
from dashboard.charts.compared import fronts_chart, hypervolumes_chart, scaled
from dashboard.charts.curves import rivals_curve
from dashboard.charts.payload import Json
from nas.analysis.course import Measure
from nas.errors import NotFound, UsageProblem

Jobs = Annotated[list[str], Query()]
Trials = Annotated[list[str], Query()]

router = APIRouter(include_in_schema=False)


@router.get("/compare", response_class=HTMLResponse)
def compare_page(
    request: Request,
    read: Read,
    job: Jobs = [],  # noqa: B006
    trial: Trials = [],  # noqa: B006
    by: Measure = "epochs",
) -> Response:
    """Jobs at equal budget, architectures at equal epochs; what to choose from without either."""
    names, numbers = view.chosen(job, "jobs"), view.chosen(trial, "trials")
    jobs = view.jobs_compared(read, names, by)
    trials = view.trials_compared(read, numbers)
    store = read.existing()
    context = {
        "names": names,
        "numbers": numbers,
        "by": by,
        "known": [each.name for each in store.jobs.list()] if store else [],
        "jobs": jobs,
        "rows": view.jobs_table(jobs) if jobs else [],
        "budget": scaled(jobs.budget, by) if jobs else 0,
        "cost": view.cost_words(jobs.sides[0].front.objective) if jobs else "",
        "unlike": view.unlike_table(jobs.unlike) if jobs else [],
        "jobs_query": urlencode([("job", name) for name in names] + [("by", by)]),
        "trials": trials,
        "rivals": view.trials_table(trials) if trials else [],
        "places": view.places_table(trials) if trials else [],
        "trials_unlike": view.unlike_table(trials.unlike) if trials else [],
        "trials_query": urlencode([("trial", name) for name in numbers]),
    }
    return rendering.page(request, "compare.html", context)


@router.get("/api/v1/compare/charts/{chart}")
def compare_chart(
    chart: str,
    read: Read,
    job: Jobs = [],  # noqa: B006
    trial: Trials = [],  # noqa: B006
    by: Measure = "epochs",
) -> Json:
    """A chart of a comparison: a plotly figure with its numbers as a table.

    Raises:
        NotFound: for an unknown chart.
        UsageProblem: if there is nothing to compare.
    """
    makers = {"fronts": fronts_chart, "hypervolumes": hypervolumes_chart}
    if chart == "curves":
        rivals = view.trials_compared(read, view.chosen(trial, "trials"))
        if rivals is not None:
            return rivals_curve(rivals)
    elif chart in makers:
        jobs = view.jobs_compared(read, view.chosen(job, "jobs"), by)
        if jobs is not None:
            return makers[chart](jobs)
    else:
        raise NotFound("chart", chart, [*makers, "curves"])
    raise UsageProblem("name at least two to compare: ?job=A&job=B, or ?trial=A:1&trial=B:2")

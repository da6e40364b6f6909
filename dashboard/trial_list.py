"""A job's trials as a list: paged, filtered and ordered by the address; as a page, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse

from dashboard import rendering
from dashboard.api import Read
from dashboard.snapshot import Snapshot
from nas.analysis.names import names_for
from nas.analysis.people import attention_words, backbone_words
from nas.analysis.summary import iso, trial_row
from nas.store.records import Trial
from nas.store.schema import TRIAL_KINDS, TRIAL_STATES
from nas.store.trial_query import SIZE, TrialQuery

#: Columns of the CSV file.
CSV_COLUMNS = (
    *("trial", "kind", "label", "origin", "state", "reason", "epoch", "accuracy", "test_accuracy"),
    *("forward_flops", "parameters", "latency_ms", "seed", "attempts", "hash", "architecture"),
)

#: Sort, heading, unit, whether the usual order begins with the highest.
_HEADINGS = (
    ("trial", "Trial", "", False),
    ("state", "State", "", False),
    ("", "Architecture", "", False),
    ("epoch", "Epochs", "", True),
    ("accuracy", "Accuracy", "%", True),
    ("test_accuracy", "Test", "%", True),
    ("forward_flops", "FLOPs", "", False),
    ("parameters", "Parameters", "", False),
    ("latency_ms", "Latency", "ms", False),
    ("finished", "Ended", "", True),
)

_TYPE = re.compile(r'"type":"([^"]+)"')

api = APIRouter()
pages = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)


@api.get("/api/v1/jobs/{name}/trials")
def trials(request: Request, name: str, read: Read) -> dict[str, Any]:
    """One page of a job's trials; failed ones last."""
    query = TrialQuery.of(request.query_params)
    job, total, rows = read.trials(name, query)
    return {
        "job": job.name,
        "total": total,
        "page": query.page,
        "size": query.size,
        "pages": _pages(total, query),
        "sort": query.order,
        "trials": [trial_row(trial) for trial in rows],
    }


@api.get(
    "/api/v1/jobs/{name}/trials.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
def trials_csv(request: Request, name: str, read: Read) -> Response:
    """All trials that are looked for, in their order, without pages."""
    query = replace(TrialQuery.of(request.query_params), page=1, size=None)
    job, _, rows = read.trials(name, query)
    headers = {"Content-Disposition": f'attachment; filename="{job.name}-trials.csv"'}
    return StreamingResponse(_csv(rows), media_type="text/csv", headers=headers)


@pages.get("/jobs/{name}/trials")
def trials_page(request: Request, name: str, read: Read) -> Response:
    """The list, and below it the trials as curves and as parallel coordinates."""
    query = TrialQuery.of(request.query_params)
    _, total, rows = read.trials(name, query)
    asked = {key: value for key, value in request.query_params.items() if value}
    filters = {key: value for key, value in asked.items() if key != "page"}
    count = _pages(total, query)
    varying = read.of(name, "varying", _varying)
    context = {
        "query": query,
        "total": total,
        "all": total or read.trials(name, TrialQuery(size=1))[1],
        "trials": [_shown(trial, varying) for trial in rows],
        "headings": _headings(query, filters, rows),
        "states": TRIAL_STATES,
        "kinds": TRIAL_KINDS,
        "types": read.of(name, "types", _types),
        "filtered": bool(query.state or query.kind or query.type or query.text),
        "download": urlencode({k: v for k, v in filters.items() if k != "size"}),
        "pages": [
            {"title": title, "query": urlencode(filters | {"page": page})}
            for title, page in (("Previous", query.page - 1), ("Next", query.page + 1))
            if 1 <= page <= count
        ],
        "page_count": count,
        "first": (query.page - 1) * (query.size or SIZE) + 1,
    }
    return rendering.job_page(request, "trials.html", read.job(name), context)


def _pages(total: int, query: TrialQuery) -> int:
    return max(1, -(-total // (query.size or 1)))


def _headings(
    query: TrialQuery, filters: Mapping[str, str], rows: list[Trial]
) -> list[dict[str, str]]:
    """Titles with the address that orders by them; latency only where there is any."""
    found = []
    for sort, title, unit, highest_first in _HEADINGS:
        if sort == "latency_ms" and not any(trial.latency_ms for trial in rows):
            continue
        here = bool(sort) and sort == query.sort
        first = not query.descending if here else highest_first
        order = f"{'-' if first else ''}{sort}"
        found.append(
            {
                "title": f"{title} ({unit})" if unit else title,
                "name": sort,
                "query": urlencode({**filters, "sort": order}) if sort else "",
                "sorted": ("descending" if query.descending else "ascending") if here else "",
            }
        )
    return found


def _shown(trial: Trial, varying: frozenset[str] | None) -> dict[str, Any]:
    architecture = json.loads(trial.architecture)
    return {
        "number": trial.number,
        "state": trial.state,
        "reason": trial.reason,
        "kind": trial.kind,
        "what": _what(trial),
        "attention": attention_words(architecture),
        "backbone": backbone_words(architecture, varying),
        "epoch": trial.epoch,
        "accuracy": trial.accuracy,
        "test_accuracy": trial.test_accuracy,
        "forward_flops": trial.forward_flops,
        "parameters": trial.parameters,
        "latency_ms": trial.latency_ms,
        "finished": iso(trial.finished_ms),
    }


def _what(trial: Trial) -> str:
    if trial.origin is not None:
        return f"{trial.kind} of trial {trial.origin}, seed {trial.seed}"
    return f"{trial.kind}: {trial.label}" if trial.label else trial.kind


def _types(seen: Snapshot) -> list[str]:
    return sorted({kind for text in seen.architectures for kind in _TYPE.findall(text)})


def _varying(seen: Snapshot) -> frozenset[str] | None:
    """Axes of the backbone that differ within the job: the others go without saying."""
    return names_for((), seen.architectures).backbone


def _csv(rows: list[Trial]) -> Iterator[str]:
    """A block of rows at a time."""
    for start in range(0, max(len(rows), 1), 500):
        block = io.StringIO()
        writer = csv.DictWriter(block, CSV_COLUMNS, extrasaction="ignore", lineterminator="\n")
        if start == 0:
            writer.writeheader()
        for trial in rows[start : start + 500]:
            writer.writerow({**trial_row(trial), "architecture": trial.architecture})
        yield block.getvalue()

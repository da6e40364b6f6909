"""JSON under ``/api/v1`` for reading: the command line's ``-o json``, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from dashboard.dispatchers import Alive
from dashboard.guard.identity import Admin
from dashboard.reader import Reader
from dashboard.shapes import (
    DataShape,
    DispatcherShape,
    JobSummary,
    OwnerShape,
    Records,
    TokenShape,
    answers,
)
from nas.analysis.accounts import token_summary
from nas.analysis.ledger import ledger as ledger_of
from nas.analysis.summary import iso, trial_row
from nas.settings import Settings, data_list
from nas.store.copying import records_of
from nas.store.records import JobState, ReportRow

#: Rows of a job's records that are written at once.
_ROWS = 500


def reader_of(request: Request) -> Reader:
    """The application's reader."""
    reader: Reader = request.app.state.reader
    return reader


Read = Annotated[Reader, Depends(reader_of)]
Number = Annotated[int, Path(ge=0, lt=2**31)]

router = APIRouter(prefix="/api/v1")


@router.get("/jobs", responses=answers(200, list[JobSummary], "X-Total-Count: of all pages."))
def jobs(
    read: Read,
    state: Annotated[list[JobState] | None, Query()] = None,
    owner: Annotated[str | None, Query(max_length=64)] = None,
    text: Annotated[str, Query(max_length=100)] = "",
    page: Annotated[int, Query(ge=1, le=10**6)] = 1,
    size: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Jobs, newest first: of these states, of this owner, with this text in their names."""
    total, found = read.jobs_page(state or (), owner, text, (page - 1) * size, size)
    return JSONResponse(found, headers={"X-Total-Count": str(total)})


@router.get("/jobs/{name}", responses=answers(200, JobSummary, "As ``nas show -o json``."))
def job(name: str, read: Read) -> Any:
    """One job."""
    return read.job(name)


@router.get("/jobs/{name}/front")
def front(name: str, read: Read) -> dict[str, Any]:
    """A job's Pareto front."""
    return read.front(name)


@router.get("/jobs/{name}/report")
def report(name: str, read: Read) -> dict[str, Any]:
    """A job's verdict against its baselines."""
    return read.report(name)


@router.get("/jobs/{name}/effects")
def effects(name: str, read: Read) -> dict[str, Any]:
    """What each attention type does where, and which axes matter."""
    return read.of(name, "effects as json", lambda seen: seen.effects.to_dict())


@router.get("/jobs/{name}/ledger")
def ledger(name: str, read: Read, trials: bool = False) -> dict[str, Any]:
    """What a job cost and what for; with ``trials`` also each of them."""
    job = read.found(name)
    return ledger_of(read.store(), job).to_dict(trials=trials)


@router.get("/jobs/{name}/trials/{number}")
def trial(name: str, number: Number, read: Read) -> dict[str, Any]:
    """One trial with its reports."""
    job, store = read.found(name), read.store()
    found = store.trials.get(job.id, number)
    rows = store.trials.reports(job.id, [found.id]).get(found.id, [])
    return {**trial_row(found), "reports": [_report(row) for row in rows]}


@router.get("/jobs/{name}/records", responses=answers(200, Records, "Rows by table."))
def records(name: str, read: Read) -> Response:
    """Everything that is recorded of a job, from which a client makes a store of its own."""
    job = read.found(name)
    found = records_of(read.store(), job)
    for row in found["reports"]:
        row["checkpoint"] = ""  # a place on this machine, which means nothing elsewhere
    return StreamingResponse(_written(found), media_type="application/json")


@router.get("/owners", responses=answers(200, list[OwnerShape], "Owners that have limits."))
def owners(read: Read) -> Any:
    """Owners of jobs, and their limits."""
    store = read.existing()
    return [asdict(one) for one in store.queue.owners()] if store else []


@router.get("/dispatchers", responses=answers(200, list[DispatcherShape], "Oldest first."))
def dispatchers(request: Request, read: Read) -> Any:
    """Processes that take queued jobs, and whether they show signs of life."""
    watched: Alive = request.app.state.alive
    return [
        {
            "holder": one.holder,
            "slots": one.slots,
            "since": iso(one.since_ms),
            "seen": iso(one.beat_ms),
            "alive": lives,
        }
        for one, lives in watched.dispatchers(read.existing())
    ]


@router.get("/data", responses=answers(200, list[DataShape], "As ``nas data list``."))
def data(request: Request) -> Any:
    """Data sets that a job file can name; where they lie is not told."""
    settings: Settings = request.app.state.settings
    return [
        {**one, "keys": {key: value for key, value in one["keys"].items() if key != "root"}}
        for one in data_list(settings)
    ]


@router.get("/tokens", responses=answers(200, list[TokenShape], "Oldest first."))
def tokens(read: Read, who: Admin) -> Any:
    """All tokens without their texts, also revoked ones; for administrators."""
    store = read.existing()
    return [token_summary(one) for one in store.tokens.list()] if store else []


def _report(row: ReportRow) -> dict[str, Any]:
    hidden = ("trial_id", "created_ms", "checkpoint", "checkpoint_sha256")
    kept = {key: value for key, value in asdict(row).items() if key not in hidden}
    return {**kept, "at": iso(row.created_ms)}


def _written(found: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """JSON in parts, so that a large job is never one text."""
    for index, (table, rows) in enumerate(found.items()):
        yield f"{',' if index else '{'}{json.dumps(table)}:["
        for start in range(0, len(rows), _ROWS):
            part = json.dumps(rows[start : start + _ROWS], separators=(",", ":"))
            yield (("," if start else "") + part[1:-1])
        yield "]"
    yield "}"

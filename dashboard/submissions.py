"""Job files over HTTP: checked here as far as torch isn't needed, then a task for a dispatcher."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from dashboard.actions import ServiceSettings, own_job
from dashboard.api import Read
from dashboard.bodies import Check, Export, Extension, Maps, Retraining, Submission
from dashboard.guard.base_path import base_of
from dashboard.guard.identity import Submitter
from dashboard.reader import Reader
from dashboard.shapes import Checked, JobState, TaskAnswer, TaskShape, answers
from dashboard.tasks import accepted, as_json, failed, waited_for
from nas.errors import JobFileError, NameTaken, UsageProblem
from nas.job_file.reading import Document
from nas.jobs.extension import EXTENDABLE, asked_extension
from nas.remote import check_overrides, check_priority, document_of, plugin_problem, spec_of
from nas.settings import Settings
from nas.store.records import Job
from nas.store.store import Store
from nas.store.tasks import TaskKind
from nas.tracking.model_values import check_model_name
from search_spaces.errors import unknown
from search_spaces.ready import ready_names

Wait = Annotated[float, Query(ge=0, le=60, description="Seconds to wait for the task.")]

router = APIRouter(prefix="/api/v1/jobs")

_TASK = answers(202, TaskShape, "A task that a dispatcher will do.")
_QUEUED: dict[int | str, dict[str, Any]] = {
    202: {"model": TaskAnswer, "description": "A task that a dispatcher will do."}
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": Submission.model_json_schema()},
            "application/yaml": {"schema": {"type": "string"}},
        },
    }
}


@router.post(
    "",
    status_code=201,
    openapi_extra=_BODY,
    responses={**answers(201, JobState, "The job, queued."), **_QUEUED},
)
async def submit(
    request: Request,
    read: Read,
    who: Submitter,
    settings: ServiceSettings,
    wait: Wait = 20.0,
    priority: Annotated[int, Query(ge=-100, le=100)] = 0,
) -> Response:
    """Submit a job file.

    As JSON with overrides and priority, or the file itself as ``application/yaml``, ``priority`` in
    the address. Everything wrong in it is told at once with line and column.
    """
    asked = await _submission(request, priority)
    store = await run_in_threadpool(_refuse_wrong, asked, read, settings, who)
    task = await run_in_threadpool(store.tasks.add, "submit", asked.model_dump(), who.owner)
    found = await waited_for(store, task.id, wait)
    if found.state == "failed":
        return failed(found)
    if found.state != "done" or found.result is None:
        return JSONResponse({"task": await run_in_threadpool(as_json, store, found)}, 202)
    there = f"{base_of(request)}/api/v1/jobs/{found.result['name']}"
    made = {**found.result, "request": "", "priority": asked.priority}
    return JSONResponse(made, 201, {"Location": there})


@router.post("/check", responses=answers(200, Checked, "Whether it would be taken."))
def check(body: Check, read: Read, who: Submitter, settings: ServiceSettings) -> dict[str, Any]:
    """Check a job file as far as ``nas validate`` does, and tell every problem by its place."""
    document = document_of(body.job_file, body.overrides, settings)
    try:
        spec = spec_of(document, settings)
        _refuse_taken(read, spec.name)
    except JobFileError as error:
        return {"valid": False, "problems": error.details()}
    except NameTaken as error:
        problem = document.place(("name",), str(error))
        return {"valid": False, "problems": JobFileError([problem]).details()}
    return {
        "valid": True,
        "problems": [],
        "name": spec.name,
        "trials": spec.search.trials,
        "space_size": spec.search_space().size(),
        "rungs": list(spec.rungs()),
        "spec": spec.model_dump(mode="json"),
    }


@router.post("/{name}/extend", status_code=202, responses=_TASK)
async def extend(
    name: str,
    body: Extension,
    read: Read,
    who: Submitter,
    settings: ServiceSettings,
    wait: Wait = 0.0,
) -> Response:
    """Give a job more trials, or another space."""
    store, job = await run_in_threadpool(own_job, read, who, name)
    payload = {"trials": body.trials, "space": _space(body.space), "overrides": body.overrides}
    await run_in_threadpool(_refuse_extension, store, job, payload, settings)
    return await _queued(store, "extend", payload, who.owner, job, wait)


@router.post("/{name}/exports", status_code=202, responses=_TASK)
async def export(name: str, body: Export, read: Read, who: Submitter, wait: Wait = 0.0) -> Response:
    """Write a trained model as plain PyTorch code, to be downloaded from the task."""
    store, job = await run_in_threadpool(own_job, read, who, name)
    if body.trial is not None and (body.pick is not None or body.under):
        raise UsageProblem("trial and pick (or under) both say what to export; give one of them")
    if body.register_as:
        check_model_name(body.register_as)
    if body.trial is not None:
        await run_in_threadpool(store.trials.get, job.id, body.trial)
    return await _queued(store, "export", body.model_dump(), who.owner, job, wait)


@router.post("/{name}/attention-maps", status_code=202, responses=_TASK)
async def attention_maps(
    name: str, body: Maps, read: Read, who: Submitter, wait: Wait = 0.0
) -> Response:
    """Draw what the attention of a trained model looks at, to be downloaded from the task."""
    store, job = await run_in_threadpool(own_job, read, who, name)
    await run_in_threadpool(store.trials.get, job.id, body.trial)
    return await _queued(store, "attention_maps", body.model_dump(), who.owner, job, wait)


@router.post("/{name}/retrain", status_code=202, responses=_TASK)
async def retrain(
    name: str, body: Retraining, read: Read, who: Submitter, wait: Wait = 0.0
) -> Response:
    """Train a trial again as a trial of its own, usually longer."""
    store, job = await run_in_threadpool(own_job, read, who, name)
    await run_in_threadpool(store.trials.get, job.id, body.trial)
    return await _queued(store, "retrain", body.model_dump(), who.owner, job, wait)


async def _submission(request: Request, priority: int) -> Submission:
    raw = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind in ("application/yaml", "application/x-yaml", "text/yaml"):
            return Submission(job_file=raw.decode("utf-8-sig"), priority=priority)
        if kind == "application/json":
            return Submission.model_validate_json(raw)
    except UnicodeDecodeError:
        raise UsageProblem("the job file is not a text file (UTF-8)") from None
    except ValidationError as error:
        errors = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(errors) from None
    raise UsageProblem(f"content type {kind!r}; allowed: application/json, application/yaml")


def _refuse_wrong(asked: Submission, read: Reader, settings: Settings, who: Submitter) -> Store:
    """The store, once everything that can be checked here is right."""
    check_priority(asked.priority, settings, admin=who.may("admin"))
    document = document_of(asked.job_file, asked.overrides, settings, asked.file_name)
    spec = spec_of(document, settings)
    _refuse_taken(read, spec.name)
    return read.store()


def _refuse_taken(read: Reader, name: str) -> None:
    store = read.existing()
    if store is not None and store.jobs.has(name):
        raise NameTaken(name)


def _space(given: str | dict[str, Any] | None) -> str | None:
    """As ``nas extend --space`` takes it; never the name of a file here."""
    if given is None or given in ready_names():
        return given
    document = Document.read(json.dumps(given) if isinstance(given, dict) else given, "space")
    if not document.usable:
        told = unknown("ready space", given, ready_names())
        raise JobFileError(document.problems or [document.place(("space",), told)])
    if document.problems:
        raise JobFileError(document.problems)
    return json.dumps(document.value.get("space", document.value))


def _refuse_extension(store: Store, job: Job, asked: dict[str, Any], settings: Settings) -> None:
    check_overrides(asked["overrides"], EXTENDABLE)
    document, spec = asked_extension(
        store, job, asked["trials"], asked["space"], asked["overrides"], files=False
    )
    old = job.spec["space"]
    problem = plugin_problem(document, spec.search_space(), settings)
    if problem and spec.space != old:
        raise JobFileError([problem])


async def _queued(
    store: Store, kind: TaskKind, payload: dict[str, Any], owner: str, job: Job, wait: float
) -> Response:
    task = await run_in_threadpool(store.tasks.add, kind, payload, owner, job.id)
    found = await waited_for(store, task.id, wait)
    if found.state == "failed":
        return failed(found)
    return await run_in_threadpool(accepted, store, found)

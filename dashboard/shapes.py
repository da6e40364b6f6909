"""What the API answers with, for its OpenAPI; keys are told in docs/json.md and docs/api.md."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict


class Problem(TypedDict):
    """One thing that is wrong."""

    where: str
    path: str
    message: str


class ErrorBody(TypedDict):
    """What went wrong: ``kind`` for programs, ``message`` for people."""

    kind: str
    message: str
    problems: list[Problem]


class ErrorAnswer(TypedDict):
    """Every answer that is not a success."""

    error: ErrorBody


class JobSummary(TypedDict):
    """As ``nas show``; more keys in docs/json.md."""

    id: int
    name: str
    state: str
    owner: str
    priority: int


class JobState(TypedDict):
    """Where a job stands after it was asked for something."""

    id: int
    name: str
    state: str
    request: str
    priority: int


class EventShape(TypedDict):
    """One thing that happened to a job."""

    id: int
    kind: str
    at: str
    data: dict[str, Any]


class TaskShape(TypedDict):
    """Work of a dispatcher."""

    id: int
    kind: str
    job: str | None
    owner: str
    state: str
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    created: str
    finished: str | None
    download: bool


class TaskAnswer(TypedDict):
    """A task that was queued."""

    task: TaskShape


class Checked(TypedDict):
    """Whether a job file would be taken, and every problem by line and column."""

    valid: bool
    problems: list[dict[str, Any]]


class TokenShape(TypedDict):
    """A token without its text."""

    id: int
    name: str
    owner: str
    role: str


class OwnerShape(TypedDict):
    """Limits of one who submits jobs."""

    name: str
    max_running: int | None
    gpu_hours: float | None


class DispatcherShape(TypedDict):
    """A process that takes queued jobs."""

    holder: str
    slots: int
    alive: bool


class DataShape(TypedDict):
    """A data set that a job file can name."""

    name: str
    kind: str
    keys: dict[str, Any]


class Records(TypedDict):
    """A job's rows by table."""

    jobs: list[dict[str, Any]]
    trials: list[dict[str, Any]]
    reports: list[dict[str, Any]]
    charges: list[dict[str, Any]]
    drives: list[dict[str, Any]]


_ERRORS = {
    400: "It is not understood.",
    401: "It takes a token.",
    403: "This token may not.",
    404: "There is no such thing.",
    408: "The request came too slowly.",
    409: "In this state it can't be done, or the name is taken.",
    413: "The request is too large.",
    422: "Something in it is wrong; ``problems`` says where.",
    429: "Too often; ``Retry-After`` says when to come again.",
    503: "The store doesn't answer.",
}

_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}

#: Errors of every address, as FastAPI takes them. It reads a model anew for every status of every
#: address, which took most of an application's start: one names the model, the others refer to it.
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": text} | ({"content": _ERROR} if number else {"model": ErrorAnswer})
    for number, (status, text) in enumerate(_ERRORS.items())
}


def answers(status: int, shape: Any, text: str) -> dict[int | str, dict[str, Any]]:
    """What a success answers with; errors are those of every address."""
    return {status: {"model": shape, "description": text}}

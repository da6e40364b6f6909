"""One error tree; each class owns its exit status and its HTTP status. Standard library only.

A class' docstring is its meaning; the message names what was wrong, the value and what is allowed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses of the command line."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_ALLOWED = 4
    JOB_FAILED = 100
    JOB_RUNNING = 101
    NOT_FOUND = 102
    JOB_CANCELLED = 103
    DETACHED = 130


class NasError(Exception):
    """Something that the user can understand and act on; shown without a traceback."""

    exit_code: int = Exit.UNEXPECTED
    http_status: int = 500

    @property
    def kind(self) -> str:
        """The class' name in snake case, for programs that read errors as JSON."""
        return kind_of(type(self))

    def details(self) -> list[dict[str, object]]:
        """The single problems as JSON-ready mappings, where an error holds several."""
        return []


class UsageProblem(NasError):
    """A command or request was asked for something that it doesn't take."""

    exit_code = Exit.USAGE
    http_status = 400


class NotPrinted(NasError):
    """The answer can't be written: stdout is closed, or its disk is full."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a job file.

    Attributes:
        where: ``job.yaml:6:11``, or ``--set search.trials=x`` for an override.
        path: the key, dotted: ``search.trials``; empty for the file as a whole.
        message: what is wrong, the value, what is allowed, the nearest spelling.
        line: 1-based; 0 where no line is to blame.
        column: 1-based.
        source: the text of that line.
    """

    where: str
    path: str
    message: str
    line: int = 0
    column: int = 0
    source: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.path, self.message) if part)

    def explain(self) -> str:
        """The problem with its source line and a caret under the column."""
        if not self.source:
            return str(self)
        gutter = f"{self.line:>5} | "
        before = re.sub(r"[^\t]", " ", self.source[: self.column - 1])
        return f"{self}\n{gutter}{self.source}\n{' ' * (len(gutter) - 2)}| {before}^"


class JobFileError(NasError):
    """A job file (or an override of it) is wrong; holds every problem found."""

    exit_code = Exit.USAGE
    http_status = 422
    where = "the job file"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "a problem" if count == 1 else f"{count} problems"
        lines = [f"{head} in {self.where}", *(p.explain() for p in self.problems)]
        super().__init__("\n".join(lines))

    def details(self) -> list[dict[str, object]]:
        """Every problem with its place."""
        return [
            {
                "where": p.where,
                "path": p.path,
                "message": p.message,
                "line": p.line,
                "column": p.column,
            }
            for p in self.problems
        ]


class SettingsError(JobFileError):
    """The settings of the service are wrong; holds every problem found."""

    http_status = 500
    where = "the settings"


class DataProblem(NasError):
    """The data set is missing, corrupt or can't be split as asked."""

    exit_code = Exit.USAGE
    http_status = 422


class OverLimit(NasError):
    """No architecture of the space stays within the job's cost limits."""

    exit_code = Exit.USAGE
    http_status = 422


class NoSuchDevice(NasError):
    """The job asks for a device or for resources that this machine or cluster doesn't have."""

    exit_code = Exit.USAGE
    http_status = 422


class NotFound(NasError):
    """There is no job, trial or file of that name."""

    exit_code = Exit.NOT_FOUND
    http_status = 404

    def __init__(
        self, what: str, name: object, known: Iterable[object] = (), hint: str = ""
    ) -> None:
        super().__init__(f"no {what} {str(name)!r}{did_you_mean(name, known)}{hint}")


class NameTaken(NasError):
    """A job (or a token) of that name exists already."""

    exit_code = Exit.USAGE
    http_status = 409

    def __init__(self, name: str, what: str = "job") -> None:
        told = f"a {what} named {name!r} exists; choose another name"
        if what == "job":
            told += f" (--set name=NEW), or go on with it: nas resume {name}"
        super().__init__(told)


class WrongState(NasError):
    """The job is in a state in which this can't be done: running already, or over."""

    exit_code = Exit.USAGE
    http_status = 409


class LeaseLost(NasError):
    """Another process drives the job now, so this one may not write to it any more."""

    exit_code = Exit.USAGE
    http_status = 409


class NothingToExport(NasError):
    """No trial of the job has finished, so there is no model to hand out."""

    exit_code = Exit.USAGE
    http_status = 409


class NotExportable(NasError):
    """The backbone's own code is not there, or can't be written down."""

    exit_code = Exit.USAGE
    http_status = 409


class ExportMismatch(NasError):
    """The exported model doesn't compute what the searched one does; nothing is handed out."""


class NewerDatabase(NasError):
    """The database was written by a newer version, which this one can't read safely."""

    exit_code = Exit.USAGE


class OlderDatabase(NasError):
    """The database was written by an older version and must be upgraded first."""

    exit_code = Exit.USAGE
    http_status = 503


class StoreUnreachable(NasError):
    """The database can't be opened."""

    exit_code = Exit.UNREACHABLE
    http_status = 503


class ServiceUnreachable(NasError):
    """A service that the command needs (Ray cluster, MLflow, our own) doesn't answer."""

    exit_code = Exit.UNREACHABLE
    http_status = 503


class NoStorage(NasError):
    """The place of the checkpoints is full, can't be written, or doesn't answer."""

    exit_code = Exit.UNREACHABLE
    http_status = 507


class NotAllowed(NasError):
    """The caller may not do this."""

    exit_code = Exit.NOT_ALLOWED
    http_status = 403


class NotSignedIn(NasError):
    """The service wants a token, and there is none, or one that is not valid."""

    exit_code = Exit.NOT_ALLOWED
    http_status = 401


class TooManyRequests(NasError):
    """A token, or an address, asked more often than it may."""

    exit_code = Exit.NOT_ALLOWED
    http_status = 429

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooLarge(NasError):
    """A request is larger than the service takes."""

    exit_code = Exit.USAGE
    http_status = 413


class JobFailed(NasError):
    """The job that was waited for ended in failure."""

    exit_code = Exit.JOB_FAILED
    http_status = 409


class TrainingFailed(NasError):
    """The training that was asked for ended in failure."""

    exit_code = Exit.JOB_FAILED
    http_status = 409


class JobCancelled(NasError):
    """The job that was waited for was cancelled."""

    exit_code = Exit.JOB_CANCELLED
    http_status = 409


def kind_of(error: type[NasError]) -> str:
    """A class' name in snake case."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", error.__name__).lower()


def exit_of(kind: str) -> int:
    """The exit status of errors of a kind, as a service told it."""
    found = {kind_of(one): one for one in NasError.__subclasses__()}
    return int(found.get(kind, NasError).exit_code)


def nearest(value: object, known: Iterable[object]) -> str | None:
    """The known name that is spelled most like the value, or None if none is close."""
    found = difflib.get_close_matches(str(value), [str(name) for name in known], n=1, cutoff=0.5)
    return found[0] if found else None


def did_you_mean(value: object, known: Iterable[object]) -> str:
    """``" (did you mean 'trials'?)"`` or an empty string."""
    near = nearest(value, known)
    return f" (did you mean {near!r}?)" if near else ""

"""Rows of the store as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from nas.budget import STOPPED

JobState = Literal["queued", "running", "paused", "interrupted", "done", "failed", "cancelled"]
Request = Literal["", "pause", "cancel", "yield"]
TrialState = Literal["running", "waiting", "done", "pruned", "failed"]
TrialKind = Literal["baseline", "search", "warm", "finalist", "retrain"]
Work = Literal["train", "inherit", "test", "latency", "retrain"]
Purpose = Literal["job", "retrain"]
Outcome = Literal["running", "ok", "failed", "lost", "stopped"]

#: States after which nothing more happens to a job by itself.
OVER: tuple[JobState, ...] = ("done", "failed", "cancelled")

#: Kinds that the search is made of; the others train again what it found.
SEARCHED: tuple[TrialKind, ...] = ("baseline", "search", "warm")

#: Kinds that count towards ``search.trials``; what was taken over cost nothing.
COUNTED: tuple[TrialKind, ...] = ("baseline", "search")

#: The label of searched trials that were drawn uniformly and are never pruned.
AUDIT = "audit"

#: The epoch of a report that is no rung, but a score on inherited weights before the first.
INHERITED = 0

#: The costs that can be an objective or a limit, all minimised.
COSTS = ("forward_flops", "parameters", "latency_ms")

#: By placement, type and cost: the mean, the least and the greatest share of the same backbone's
#: cost without attention, over the backbones and the type's hyperparameters.
Shares = dict[str, dict[str, dict[str, list[float]]]]


@dataclass(frozen=True)
class Job:
    """One search job.

    Attributes:
        spec: the resolved job file.
        details: what was found at submission: data, versions, rungs, reference point.
        reason: why it failed or was cancelled.
        owner: who submitted it.
        priority: of its place in the queue; higher is sooner.
        request: what its driver is asked to do; empty: nothing.
    """

    id: int
    name: str
    state: JobState
    reason: str
    spec: dict[str, Any]
    details: dict[str, Any]
    created_ms: int
    started_ms: int | None
    finished_ms: int | None
    owner: str = ""
    priority: int = 0
    request: Request = ""

    def place_of_checkpoints(self, otherwise: object) -> str:
        """A folder or a URL; ``otherwise`` where the job names none."""
        return self.details.get("checkpoints") or str(otherwise)


@dataclass(frozen=True)
class NewTrial:
    """A trial before it is recorded.

    Attributes:
        kind: ``baseline``, ``search``, ``warm`` (taken over from another job), ``finalist`` (a
            repeat of ``origin`` on another seed) or ``retrain`` (``origin`` with a recipe of its
            own).
        label: a baseline's name, or ``AUDIT``; empty otherwise.
        hash: of architecture, recipe, data, training seed, device kind and training version.
        params: the space's parameters; None where the architecture lies outside the space.
        recipe: of its own, every ``auto`` resolved; None: the job's.
    """

    kind: TrialKind
    hash: str
    architecture: str
    params: dict[str, Any] | None
    seed: int
    parameters: int
    forward_flops: int
    latency_ms: float | None = None
    latency_spread_ms: float | None = None
    label: str = ""
    origin: int | None = None
    recipe: dict[str, Any] | None = None


@dataclass(frozen=True)
class Result:
    """What became of a trial, without what it is made of: of thousands this is read at once.

    Attributes:
        number: counts from 0 within the job.
        epoch: the last rung reached; ``accuracy`` is the validation accuracy there, in 0…1.
        reason: of its state, where there is one.
    """

    number: int
    kind: TrialKind
    label: str
    state: TrialState
    reason: str
    parameters: int
    forward_flops: int
    latency_ms: float | None
    epoch: int
    accuracy: float | None
    finished_ms: int | None

    @property
    def audited(self) -> bool:
        """Whether it was drawn uniformly, to tell which rungs predict the last one."""
        return self.kind == "search" and self.label == AUDIT

    @property
    def searched(self) -> bool:
        """Whether it counts in the search: it may be on the front."""
        return self.kind in SEARCHED

    @property
    def counted(self) -> bool:
        """Whether it counts towards ``search.trials``; what was taken over cost nothing."""
        return self.kind in COUNTED

    @property
    def saves(self) -> bool:
        """Whether pruning spared it epochs: a budget that ends a trial saves nothing."""
        return self.state == "pruned" and self.counted and self.reason != STOPPED

    def cost(self, objective: str) -> float:
        """The cost of this name (one of ``COSTS``).

        Raises:
            ValueError: if it was never measured.
        """
        value = self.costs()[objective]
        if value is None:
            raise ValueError(f"trial {self.number} has no {objective}")
        return float(value)

    def costs(self) -> dict[str, float | None]:
        """Every cost by name; None where it was never measured."""
        return {
            "forward_flops": self.forward_flops,
            "parameters": self.parameters,
            "latency_ms": self.latency_ms,
        }


@dataclass(frozen=True)
class Trial(Result):
    """One architecture in a job, or one of them trained again.

    Attributes:
        attempts: times in a row that its segment was lost with the worker, since the last report.
    """

    id: int
    job_id: int
    origin: int | None
    hash: str
    architecture: str
    params: dict[str, Any] | None
    seed: int
    latency_spread_ms: float | None
    test_accuracy: float | None
    attempts: int
    created_ms: int
    recipe: dict[str, Any] | None = None


@dataclass(frozen=True)
class ReportRow:
    """One rung reached by one trial.

    Attributes:
        train_seconds: of the worker; of a report from the cache, what it took when it was trained.
        checkpoint: path or URL of the file; empty where a report from the cache came without one,
            and where it was dropped for room: then ``checkpoint_sha256`` is not empty.
        cached_from: ``JOB:TRIAL`` that was trained; empty if this trial was.
    """

    trial_id: int
    epoch: int
    validation_accuracy: float
    validation_loss: float
    train_loss: tuple[float, ...]
    train_accuracy: tuple[float, ...]
    train_seconds: float
    evaluation_seconds: float
    checkpoint: str
    checkpoint_sha256: str
    worker: str
    device: str
    created_ms: int
    cached_from: str = ""

    @property
    def dropped(self) -> bool:
        """Whether there was a checkpoint that had to make room."""
        return not self.checkpoint and bool(self.checkpoint_sha256)


@dataclass(frozen=True)
class Charge:
    """What one task took of one worker, whatever became of it.

    Attributes:
        number: of the trial; None before a candidate is one.
        work: ``retrain`` is asked for by hand after the job, and counts for no limit.
        outcome: ``lost`` with its worker or its driver, ``stopped`` by the budget.
        seconds: that the worker was held for the task.
        cpus: cores that it holds; gpus: GPUs or a share of one.
        epochs: trained and reported; 0 unless ``outcome`` is ``ok``.
        worker: host and process that did it; empty until it answers, and where it never did.
    """

    id: int
    job_id: int
    number: int | None
    work: Work
    outcome: Outcome
    started_ms: int
    seconds: float
    cpus: float
    gpus: float
    epochs: int
    worker: str = ""


@dataclass(frozen=True)
class Event:
    """Something that happened; ids grow, so a reader keeps the last one as its cursor."""

    id: int
    job_id: int
    trial_id: int | None
    kind: str
    data: dict[str, Any]
    created_ms: int

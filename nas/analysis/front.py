"""A job's Pareto front with what further seeds say about each of its points."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from nas.analysis.intervals import Interval, t_interval
from nas.pareto import front_indices, hypervolume
from nas.store.race import Race
from nas.store.records import COSTS, Job, Result, Trial
from nas.store.store import Store

R = TypeVar("R", bound=Result)


@dataclass(frozen=True)
class Point:
    """One trained architecture; accuracies are shares in 0…1.

    The searched seed is one on which the point was selected, so ``accuracy`` is optimistic. The
    fields from ``seeds`` on come from the finalists alone: the same architecture on further seeds
    that had no say in the selection.

    Attributes:
        trial: number of the searched trial.
        kind: ``baseline`` or ``search``.
        label: a baseline's rule; empty otherwise.
        accuracy: validation accuracy on the searched seed.
        parameters: how many.
        forward_flops: of one image.
        latency_ms: of one batch; None if not measured.
        architecture: as ``Architecture.to_dict``.
        seeds: how many further seeds finished.
        accuracy_mean: validation accuracy over them; None without any.
        accuracy_sd: sample standard deviation; None below two.
        accuracy_low: of the 95 % interval; None below two.
        accuracy_high: of the 95 % interval.
        test_accuracy: mean over the further seeds' test accuracies; where there are none, the
            searched run's; None before it was measured.
        test_runs: over how many runs.
    """

    trial: int
    kind: str
    label: str
    accuracy: float
    parameters: int
    forward_flops: int
    latency_ms: float | None
    architecture: dict[str, Any]
    seeds: int = 0
    accuracy_mean: float | None = None
    accuracy_sd: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    test_accuracy: float | None = None
    test_runs: int = 0

    def cost(self, objective: str) -> float:
        """The cost of this name.

        Raises:
            ValueError: if it was never measured.
        """
        value = getattr(self, objective)
        if value is None:
            raise ValueError(f"trial {self.trial} has no {objective}")
        return float(value)

    @property
    def has_attention(self) -> bool:
        """Whether any placement carries attention."""
        return bool(self.architecture["attention"])

    @property
    def best_estimate(self) -> float:
        """The mean over further seeds where there are any, else the searched accuracy."""
        return self.accuracy if self.accuracy_mean is None else self.accuracy_mean


@dataclass(frozen=True)
class Front:
    """A job's Pareto front.

    Attributes:
        objective: the cost that accuracy is weighed against.
        reference: ``accuracy`` (chance) and ``cost`` (the highest of the space; None until known).
        hypervolume: of the finished trials, in 0…1 of the reference box; None without reference.
        points: by rising cost.
        under: limits, by cost name, beside the job's own.
    """

    job: str
    objective: str
    reference: dict[str, float | None]
    hypervolume: float | None
    points: tuple[Point, ...]
    under: tuple[tuple[str, float], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """What ``nas front -o json`` prints."""
        return {
            "job": self.job,
            "objective": self.objective,
            "reference": dict(self.reference),
            "hypervolume": self.hypervolume,
            "points": [asdict(point) for point in self.points],
        }


def front(store: Store, job: Job, under: Mapping[str, float] | None = None) -> Front:
    """The front over all trials of the search that trained to the end within the job's limits."""
    repeats = store.trials.of_kind([job.id], "finalist").get(job.id, [])
    return front_of(job, [*leaders(store, [job], under).get(job.id, []), *repeats], under)


def leaders(
    store: Store, jobs: Sequence[Job], under: Mapping[str, float] | None = None
) -> dict[int, list[Trial]]:
    """By job the trials that its front is made of, and its most accurate ones, beside a few others.

    However many trials there are, only these are read.
    """
    races: dict[Race, list[int]] = {}
    for job in jobs:
        races.setdefault(race_of(job, under), []).append(job.id)
    found: dict[int, list[Trial]] = {}
    for race, ids in races.items():
        found |= store.trials.leading(ids, race)
    return found


def race_of(job: Job, under: Mapping[str, float] | None = None) -> Race:
    """What a job's trials are ranked by."""
    limits = tuple(sorted(_limits(job.spec).items()))
    return Race(job.details["objective"], limits, tuple(sorted((under or {}).items())))


def front_of(job: Job, trials: Sequence[Trial], under: Mapping[str, float] | None = None) -> Front:
    """The front of these trials of the job; finalists among them only add statistics.

    Args:
        job: what the trials belong to.
        trials: of the job.
        under: further limits by cost name: what is over one is left out before anything is ranked,
            and so is what was never measured.
    """
    objective: str = job.details["objective"]
    reference = job.details["reference"]
    further = dict(under or {})
    done = [t for t in comparable(job, trials) if _within(t, further)]
    accuracy = [float(trial.accuracy or 0) for trial in done]
    cost = [trial.cost(objective) for trial in done]
    volume = None
    if reference["cost"] is not None:
        volume = hypervolume(accuracy, cost, reference["accuracy"], reference["cost"])
    repeats = repeats_of(trials)
    points = [point_of(done[i], repeats) for i in front_indices(accuracy, cost)]
    limits = tuple(sorted(further.items()))
    return Front(job.name, objective, dict(reference), volume, tuple(points), limits)


def comparable(job: Job, trials: Sequence[R]) -> list[R]:
    """Searched trials and baselines that finished and keep the limits; their cost is known."""
    objective: str = job.details["objective"]
    limits = _limits(job.spec)
    return [
        trial
        for trial in trials
        if trial.searched
        and trial.state == "done"
        and trial.accuracy is not None
        and getattr(trial, objective) is not None
        and all((getattr(trial, name) or 0) <= limit for name, limit in limits.items())
    ]


def repeats_of(trials: Sequence[Trial]) -> dict[int, list[Trial]]:
    """Finished repeats by the number of the trial that they repeat, by seed."""
    found: dict[int, list[Trial]] = {}
    for trial in sorted(trials, key=lambda t: t.seed):
        if trial.kind == "finalist" and trial.state == "done" and trial.origin is not None:
            found.setdefault(trial.origin, []).append(trial)
    return found


def point_of(trial: Trial, repeats: Mapping[int, Sequence[Trial]]) -> Point:
    """A trial with the statistics of its repeats."""
    again = repeats.get(trial.number, ())
    values = [t.accuracy for t in again if t.accuracy is not None]
    seen = t_interval(values) if values else Interval(0.0, None, None, None, 0)
    tests = [t.test_accuracy for t in again if t.test_accuracy is not None]
    if not tests and trial.test_accuracy is not None:
        tests = [trial.test_accuracy]
    return Point(
        trial=trial.number,
        kind=trial.kind,
        label="" if trial.audited else trial.label,
        accuracy=float(trial.accuracy or 0),
        parameters=trial.parameters,
        forward_flops=trial.forward_flops,
        latency_ms=trial.latency_ms,
        architecture=json.loads(trial.architecture),
        seeds=seen.count,
        accuracy_mean=seen.mean if values else None,
        accuracy_sd=seen.sd,
        accuracy_low=seen.low,
        accuracy_high=seen.high,
        test_accuracy=sum(tests) / len(tests) if tests else None,
        test_runs=len(tests),
    )


def _within(trial: Trial, limits: Mapping[str, float]) -> bool:
    values = {name: getattr(trial, name) for name in limits}
    return all(value is not None and value <= limits[name] for name, value in values.items())


def _limits(spec: Mapping[str, Any]) -> dict[str, float]:
    limits = spec.get("cost", {}).get("limits", {})
    return {name: limits[name] for name in COSTS if limits.get(name) is not None}

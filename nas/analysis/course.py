"""A search as it went: what it had spent whenever one of its trials was finished."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from nas.analysis.front import comparable
from nas.pareto import front_indices, hypervolume
from nas.store.records import Charge, Job, ReportRow, Trial

#: What a budget is counted in: epochs that the search trained, or seconds that it held workers.
Measure = Literal["epochs", "seconds"]

#: A charge is closed a moment before the report that it led to is recorded.
_SLACK_MS = 100


@dataclass(frozen=True)
class Step:
    """A trial that trained to its end within the job's limits.

    Attributes:
        trial: the trial.
        epochs: that the search had trained by then, of whatever became of them.
        seconds: that it had held workers by then.
    """

    trial: Trial
    epochs: int
    seconds: float

    def spent(self, measure: Measure) -> float:
        """By one of the two."""
        return self.epochs if measure == "epochs" else self.seconds


@dataclass(frozen=True)
class Course:
    """A job's search from its first training to its last.

    Attributes:
        steps: in the order in which trials were finished.
        epochs: trained by the search in all, without what came from the cache.
        seconds: that its workers were held in all, lost and failed tasks included.
        cached_epochs: that came from the cache and cost nothing.
    """

    job: Job
    steps: tuple[Step, ...]
    epochs: int
    seconds: float
    cached_epochs: int

    def spent(self, measure: Measure) -> float:
        """In all."""
        return self.epochs if measure == "epochs" else self.seconds

    def within(self, budget: float, measure: Measure) -> list[Trial]:
        """The trials that were finished by the time a budget was spent."""
        return [step.trial for step in self.steps if step.spent(measure) <= budget]

    def hypervolumes(
        self, measure: Measure, reference: tuple[float, float]
    ) -> list[tuple[float, float]]:
        """What was spent and the hypervolume then, wherever it grew; begins at 0 and 0.

        Args:
            measure: of the budget.
            reference: accuracy and cost; see ``nas.pareto.hypervolume``.
        """
        objective: str = self.job.details["objective"]
        accuracy: list[float] = []
        cost: list[float] = []
        found = [(0.0, 0.0)]
        for step in self.steps:
            reached, paid = float(step.trial.accuracy or 0), step.trial.cost(objective)
            if any(a >= reached and c <= paid for a, c in zip(accuracy, cost, strict=True)):
                continue
            accuracy.append(reached)
            cost.append(paid)
            front = front_indices(accuracy, cost)  # the others never add anything again
            accuracy, cost = [accuracy[i] for i in front], [cost[i] for i in front]
            value = hypervolume(accuracy, cost, *reference)
            if value > found[-1][1]:
                found.append((step.spent(measure), value))
        return found


def course_of(
    job: Job,
    trials: Sequence[Trial],
    reports: Mapping[int, Sequence[ReportRow]],
    charges: Iterable[Charge],
) -> Course:
    """Follow a search through its records; repeats and what was retrained are no part of it.

    Args:
        job: whose search.
        trials: all of the job.
        reports: by trial id.
        charges: all of the job.
    """
    searched = {trial.number for trial in trials if trial.searched}
    rows = sorted(
        (row for trial in trials if trial.searched for row in reports.get(trial.id, ())),
        key=lambda row: row.created_ms,
    )
    trained = [(row.created_ms, len(row.train_loss)) for row in rows if not row.cached_from]
    held = sorted(
        (charge.started_ms + 1000 * charge.seconds - _SLACK_MS, charge.seconds)
        for charge in charges
        if charge.work != "retrain" and (charge.number is None or charge.number in searched)
    )
    epochs, seconds = _Sums(trained), _Sums(held)
    ends = {trial.id: reports[trial.id][-1].created_ms for trial in trials if trial.id in reports}
    done = [trial for trial in comparable(job, trials) if trial.id in ends]
    steps = [
        Step(trial, int(epochs(ends[trial.id])), seconds(ends[trial.id]))
        for trial in sorted(done, key=lambda trial: (ends[trial.id], trial.number))
    ]
    cached = sum(len(row.train_loss) for row in rows if row.cached_from)
    last = float("inf")
    return Course(job, tuple(steps), int(epochs(last)), seconds(last), cached)


class _Sums:
    """How much had come together by a moment."""

    def __init__(self, amounts: Sequence[tuple[float, float]]) -> None:
        self._moments = [moment for moment, _ in amounts]
        self._sums = [0.0, *accumulate(amount for _, amount in amounts)]

    def __call__(self, moment: float) -> float:
        return self._sums[bisect_right(self._moments, moment)]

"""What a running job spends, as it spends it: every task is charged, every limit watched."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nas.analysis.spending import spending
from nas.budget import STOPPED, Budget, Spending
from nas.speeds import Speeds
from nas.store.records import INHERITED, Job, Outcome, Purpose, ReportRow, Work
from nas.store.store import Store
from workers.protocol import (
    Answer,
    Evaluation,
    Inheritance,
    LatencyReport,
    LatencyRequest,
    Lost,
    Report,
    Segment,
    Task,
)

#: Seconds between two signs of life: what the count of a killed driver may lack.
HEARTBEAT_S = 2.0

_WORK: dict[type[Any], Work] = {
    Segment: "train",
    Inheritance: "inherit",
    Evaluation: "test",
    LatencyRequest: "latency",
}


@dataclass(frozen=True)
class _Running:
    """A task in flight: its charge, when it began, and the epochs that it will train."""

    charge: int
    began: float
    number: int | None
    epochs: int
    work: Work


class Meter:
    """The account of one job while this process drives it; entered around the work.

    A task is charged for as long as its worker is held for it, whatever becomes of it. Tasks in
    flight count in full: their epochs, and their time as far as it can be foreseen from what
    epochs took so far.

    Args:
        store: where charges are written, the moment that they are known.
        job: with ``workers`` in its details.
        clock: seconds, rising.
        purpose: ``retrain`` was asked for by hand: it is charged and has no limit.

    Attributes:
        budget: the limits.
        refused: the limit because of which the last thing asked for could not begin, or because
            of which all was stopped.
    """

    def __init__(
        self,
        store: Store,
        job: Job,
        clock: Callable[[], float] = time.monotonic,
        purpose: Purpose = "job",
    ) -> None:
        self._store, self._job = store, job
        self._charges, self._trials = store.charges, store.trials
        self._job_id = job.id
        self._clock = clock
        workers = job.details["workers"]
        self._cpus, self._gpus = float(workers["cpus"]), float(workers["gpus"])
        self._count = int(workers["count"])
        self._running: dict[str, _Running] = {}
        self._speeds = Speeds()
        self._before = self._closed = Spending()
        self._drive = -1
        self._began = self._beat_at = 0.0
        self._purpose = purpose
        self.budget = Budget.of(job.spec.get("budget", {}) if purpose == "job" else {})
        self.refused: str | None = None

    def __enter__(self) -> Meter:
        """Begin a spell of driving, after all earlier ones."""
        self._drive = self._charges.begin_drive(self._job_id, self._purpose)
        self._before = spending(self._store, self._job)
        self._learn_from_reports()
        self._began = self._beat_at = self._clock()
        return self

    def __exit__(self, *_: object) -> None:
        """End it: what still runs is lost."""
        self._close_all("lost")
        self._charges.beat(self._drive, self._clock() - self._began)

    def spent(self) -> Spending:
        """All of the job's spending up to this moment; epochs only once they are reported."""
        now = self._clock()
        spent = self._before + Spending(wall_clock=(now - self._began) / 3600) + self._closed
        seconds = sum(now - task.began for task in self._running.values())
        return spent + _spent(seconds, self._cpus, self._gpus, 0)

    def began(self, task: Task) -> None:
        """A worker has got a task."""
        work: Work = "retrain" if self._purpose == "retrain" else _WORK[type(task)]
        head = task.key.partition(":")[0]
        number = int(head) if head.isdecimal() else None
        epochs = task.end_epoch - task.start_epoch if isinstance(task, Segment) else 0
        epochs = task.epochs if isinstance(task, Inheritance) else epochs
        charge = self._charges.open(self._job_id, number, work, self._cpus, self._gpus)
        self._running[task.key] = _Running(charge, self._clock(), number, epochs, work)
        self.refused = None
        self.beat()

    def ended(self, answer: Answer | Lost) -> None:
        """A task has come back."""
        task = self._running[answer.key]
        if isinstance(answer, Lost):
            self._close(answer.key, "lost")
            return
        failed = bool(answer.reason) if isinstance(answer, LatencyReport) else False
        if failed or (not isinstance(answer, LatencyReport) and answer.outcome != "ok"):
            self._close(answer.key, "failed", worker=_worker(answer))
            return
        seconds = self._close(answer.key, "ok", task.epochs, _worker(answer))
        if task.work == "inherit":  # whose epochs are shorter: most of the network is frozen
            return
        # The first task of a worker is held up by loading, which later ones won't be.
        trained = _trained(answer) if isinstance(answer, Report) else 0.0
        self._speeds.learn(task.number, trained or seconds, task.epochs)

    def stop(self) -> None:
        """What runs was stopped because a limit struck."""
        self._close_all("stopped")

    def struck(self) -> bool:
        """Whether a limit of time is reached."""
        found = self.budget.struck(self.spent())
        self.refused = self.refused or found
        return found is not None

    def patience(self) -> float:
        """Seconds that may pass until the next look: a limit may strike, or a beat is due."""
        many = len(self._running)
        rate = Spending(0.0, 1.0, many * self._cpus, many * self._gpus)
        return min(HEARTBEAT_S, 3600 * self.budget.hours_left(self.spent(), rate))

    def beat(self) -> None:
        """Write a sign of life if one is due."""
        now = self._clock()
        if now - self._beat_at >= HEARTBEAT_S:
            self._beat_at = now
            self._charges.beat(self._drive, now - self._began)

    def fits(self, epochs: int, number: int | None = None, kept: Spending | None = None) -> bool:
        """Whether a training would stay within every limit, beside what runs already.

        Args:
            epochs: that it takes; 0 where they are not known.
            number: the trial whose speed is its own.
            kept: to be left over.
        """
        if not self.budget.limits:
            return True
        now = self._clock()
        foreseen = self.spent() + self.needed(epochs, number) + (kept or Spending())
        for task in self._running.values():
            rest = max(0.0, self._speeds.seconds(task.epochs, task.number) - (now - task.began))
            foreseen += _spent(rest, self._cpus, self._gpus, task.epochs)
        over = self.budget.over(foreseen) or self.budget.struck(self.spent())
        self.refused = self.refused or over
        return over is None

    def needed(self, epochs: int, number: int | None = None) -> Spending:
        """What a training is expected to take of one worker."""
        seconds = self._speeds.seconds(epochs, number)
        alone = _spent(seconds, self._cpus, self._gpus, epochs)
        return alone + Spending(wall_clock=seconds / 3600)

    def shared(self, spending: Spending) -> Spending:
        """The same work, done by all workers side by side."""
        return Spending(
            spending.epochs,
            spending.wall_clock / self._count,
            spending.cpu_hours,
            spending.gpu_hours,
        )

    def reason(self, name: str) -> str:
        """That a limit ended the job, with what it has spent of it."""
        spent = self.spent()
        told = f"{STOPPED}: {self.budget.words(name, spent)}"
        little = getattr(spent, name) < self.budget.limits[name] and not self.budget.struck(spent)
        return f"{told}; the rest is too little for another training" if little else told

    def _learn_from_reports(self) -> None:
        """Speeds of before this drive, and of what came from the cache."""
        reports = self._trials.reports(self._job_id)
        for trial in self._trials.list(self._job_id):
            for row in reports.get(trial.id, ()) if trial.kind != "retrain" else ():
                if row.epoch != INHERITED and (seconds := _trained(row)):
                    self._speeds.learn(trial.number, seconds, len(row.train_loss))

    def _close(self, key: str, outcome: Outcome, epochs: int = 0, worker: str = "") -> float:
        task = self._running.pop(key)
        seconds = self._clock() - task.began
        self._charges.close(task.charge, outcome, seconds, epochs, worker)
        self._closed += _spent(seconds, self._cpus, self._gpus, epochs)
        return seconds

    def _close_all(self, outcome: Outcome) -> None:
        for key in list(self._running):
            self._close(key, outcome)


def _worker(answer: Answer) -> str:
    """Who answered; latencies don't say."""
    return answer.worker if isinstance(answer, Report) else ""


def _trained(report: Report | ReportRow) -> float:
    return report.train_seconds + report.evaluation_seconds


def _spent(seconds: float, cpus: float, gpus: float, epochs: int) -> Spending:
    hours = seconds / 3600
    return Spending(epochs, 0.0, hours * cpus, hours * gpus)

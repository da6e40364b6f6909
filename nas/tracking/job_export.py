"""Follows one job's events in the store and writes what they mean to MLflow."""

from __future__ import annotations

import time
from collections.abc import Callable

from nas.analysis.effects import effects
from nas.analysis.front import comparable
from nas.analysis.verdict import verdict_text
from nas.store.records import Event, Trial
from nas.store.store import Store
from nas.tracking.history import HypervolumeHistory
from nas.tracking.mlflow_records import MlflowRecords
from nas.tracking.values import Point

_ENDED = ("done", "pruned", "failed")


class JobExport:
    """One job on its way from the store to MLflow.

    Everything is derived from the store's events in their order, so that a new object on a
    half-exported job writes the rest, and what it writes twice is equal and kept once. After an
    error, throw the object away and make another.

    Attributes:
        read: the last event that was read.
    """

    def __init__(
        self, store: Store, job_name: str, records: MlflowRecords, front_seconds: float
    ) -> None:
        self._store = store
        self._records = records
        self._front_seconds = front_seconds
        self._front_written = float("-inf")
        self._front_due = True
        self.read = 0
        self._job = store.jobs.get(job_name)
        self._objective: str = self._job.details["objective"]
        self._trials = {trial.number: trial for trial in store.trials.list(self._job.id)}
        self._ended: set[int] = set()
        self._tested: dict[int, Point] = {}
        self._history: HypervolumeHistory | None = None

    def advance(self, hurry: bool, stop: Callable[[], bool]) -> bool:
        """Write all that the store has and MLflow hasn't.

        Args:
            hurry: write the front even if it was written a moment ago.
            stop: asked between two trials; True ends the work where it is.

        Returns:
            False if it was stopped.
        """
        while batch := self._store.jobs.events(self._job.id, after=self.read):
            points: list[Point] = []
            for event in batch:
                if stop():
                    return False
                points += self._follow(event)
            self.read = batch[-1].id
            if self.read > self._records.cursor:
                self._records.write_progress(points, self.read)
        if self._front_due and (
            hurry or time.monotonic() - self._front_written > self._front_seconds
        ):
            self._write_front()
        return True

    def _follow(self, event: Event) -> list[Point]:
        new = event.id > self._records.cursor
        if _ends_trial(event):
            return self._follow_end(event, new)
        if event.kind == "test_accuracy":
            self._follow_test(event, new)
        if new and event.kind.startswith("job_"):
            self._front_due = True
            self._records.write_state(event.kind.removeprefix("job_"), event.created_ms)
        return []

    def _follow_test(self, event: Event, new: bool) -> None:
        number = event.data["number"]
        own = self._trial(number).recipe
        budget = own["epochs"] if own else self._job.details["rungs"][-1]
        point = Point("test_accuracy", event.data["accuracy"], event.created_ms, budget)
        self._tested[number] = point
        if new and number in self._ended:
            self._records.write_test_accuracy(number, point)
            self._front_due = True

    def _follow_end(self, event: Event, new: bool) -> list[Point]:
        trial = self._trial(event.data["number"], fresh=new)
        if new:
            reports = self._store.trials.reports(self._job.id, [trial.id])
            self._records.write_trial(trial, reports.get(trial.id, []))
            self._front_due = True
        self._ended.add(trial.number)
        if new and trial.number in self._tested:  # a repeat is tested before it is reported
            self._records.write_test_accuracy(trial.number, self._tested[trial.number])
        if not comparable(self._job, [trial]):
            return []
        history = self._history = self._history or self._new_history()
        value = history.add(trial.accuracy or 0.0, trial.cost(self._objective))
        return [Point("hypervolume", value, event.created_ms, history.finished)] if new else []

    def _new_history(self) -> HypervolumeHistory:
        # Read anew: a latency's reference is measured only once the job runs.
        reference = self._store.jobs.get(self._job.name).details["reference"]
        return HypervolumeHistory(reference["accuracy"], reference["cost"])

    def _trial(self, number: int, fresh: bool = False) -> Trial:
        if fresh or number not in self._trials:
            self._trials[number] = self._store.trials.get(self._job.id, number)
        return self._trials[number]

    def _write_front(self) -> None:
        # Falls due again with the next event, so it is taken down before the store is read.
        self._front_due = False
        self._front_written = time.monotonic()
        job = self._store.jobs.get(self._job.name)
        self._records.write_front(job, self._store.trials.list(job.id))
        if job.state == "done":
            self._records.write_effects(effects(self._store, job), self._objective)
            self._records.write_verdict(verdict_text(self._store, job))


def _ends_trial(event: Event) -> bool:
    state = event.data["state"] if event.kind == "report" else event.kind.removeprefix("trial_")
    return state in _ENDED

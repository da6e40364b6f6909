"""A job with its trials as they were at one moment, read once for all that is made of them."""

from __future__ import annotations

from functools import cached_property

from nas.analysis.effects import Effects, effects_of
from nas.analysis.front import Front, front
from nas.store.records import Job, ReportRow, Result, Trial
from nas.store.store import Store


class Snapshot:
    """Reads what is asked for, once.

    Attributes:
        store: of the job.
        job: as it was.
    """

    def __init__(self, store: Store, job: Job) -> None:
        self.store = store
        self.job = job

    @cached_property
    def trials(self) -> list[Trial]:
        """All trials of the job by number."""
        return self.store.trials.list(self.job.id)

    @cached_property
    def results(self) -> list[Result]:
        """What became of each trial by number: enough for most pages, and quick to read."""
        return self.store.trials.results(self.job.id)

    @cached_property
    def architectures(self) -> list[str]:
        """Every trial's architecture as canonical JSON, by number."""
        return self.store.trials.architectures(self.job.id)

    @cached_property
    def reports(self) -> dict[int, list[ReportRow]]:
        """Reports by the trial's id, by epoch."""
        return self.store.trials.reports(self.job.id)

    @cached_property
    def front(self) -> Front:
        """The Pareto front of the trials."""
        return front(self.store, self.job)

    @cached_property
    def effects(self) -> Effects:
        """What each type does where; takes seconds with thousands of trials."""
        counted = self.store.jobs.cost_shares(self.job.id)
        return effects_of(self.job, self.trials, self.reports, counted)

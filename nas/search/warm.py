"""What a job takes over from earlier ones: equal trainings as trials, the rest as expectations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nas.plan import Plan
from nas.store.records import Job, ReportRow, Trial
from nas.store.store import Store
from search_spaces.architecture import Architecture, Value
from search_spaces.errors import SpaceError


@dataclass(frozen=True)
class Taken:
    """A trial of an earlier job that trained what this job would train.

    Attributes:
        epoch: the highest of this job's rungs up to which everything is recorded.
    """

    architecture: Architecture
    epoch: int


@dataclass(frozen=True)
class WarmStart:
    """What earlier jobs give to this one; nothing by default.

    Attributes:
        taken: trials to take over, by job and number, each architecture once.
        earlier: parameters, and accuracies by fidelity, for the sampler alone.
        found: of each job, how many trials were taken, inform the sampler, and lie outside.
        sampler: whether the sampler uses ``earlier``.
    """

    taken: tuple[Taken, ...] = ()
    earlier: tuple[tuple[Mapping[str, Value], Mapping[int, float]], ...] = ()
    found: tuple[tuple[str, int, int, int], ...] = ()
    sampler: str = "known_cost"

    def notes(self) -> list[str]:
        """A line for each job, in words."""
        return [self._note(*entry) for entry in self.found]

    def _note(self, job: str, taken: int, informing: int, outside: int) -> str:
        if not taken + informing:
            why = f"none of its {outside} architectures lies in this space"
            return (
                f"warm start: nothing of job {job} can be used: "
                f"{why if outside else 'it has no results yet'}"
            )
        told = f"warm start: {taken} trial{'' if taken == 1 else 's'} of job {job} taken over"
        if informing and self.sampler == "known_cost":
            told += f", {informing} trained otherwise inform the sampler"
        elif informing:
            told += f", {informing} trained otherwise are ignored: {self.sampler} can't use them"
        return told + (f", {outside} lie outside of the space" if outside else "")


def warm_start(plan: Plan, store: Store) -> WarmStart:
    """Look through the jobs of ``warm_start``; one that is gone gives nothing.

    A trial is taken over if its hash is that of this job (same recipe, data, seed, kind of device)
    and the first rung is recorded. Whatever else has results in the space tells the sampler at a
    fidelity of its own: one for each share of the budget in each job.
    """
    known = {job.name: job for job in store.jobs.list()} if plan.spec.warm_start else {}
    taken: dict[str, Taken] = {}
    told: list[tuple[Mapping[str, Value], tuple[float, int], float]] = []
    found = []
    for place, name in enumerate(plan.spec.warm_start):
        counts = {"taken": 0, "informing": 0, "outside": 0}
        job = known.get(name)
        for trial, rows in _results(store, job) if job else ():
            architecture = Architecture.from_json(trial.architecture)
            epoch = _recorded(plan, rows)
            try:
                params = plan.space.params_of(architecture)
            except SpaceError:
                counts["outside"] += 1
                continue
            if epoch and trial.hash == plan.trial_hash(architecture, plan.seed):
                before = taken.get(trial.hash)
                if before is None or before.epoch < epoch:
                    taken[trial.hash] = Taken(architecture, epoch)
                counts["taken"] += 1
            else:
                share = rows[-1].epoch / _budget(known[name])
                told.append((params, (share, -place), rows[-1].validation_accuracy))
                counts["informing"] += 1
        found.append((name, counts["taken"], counts["informing"], counts["outside"]))
    order = {level: i for i, level in enumerate(sorted({level for _, level, _ in told}))}
    earlier = tuple((params, {order[level]: accuracy}) for params, level, accuracy in told)
    return WarmStart(tuple(taken.values()), earlier, tuple(found), plan.spec.search.sampler)


def _budget(job: Job) -> int:
    """Epochs of a whole training."""
    epochs: int = job.details["rungs"][-1]
    return epochs


def _results(store: Store, job: Job) -> Iterator[tuple[Trial, list[ReportRow]]]:
    """The searched trials of a job that have reports."""
    reports = store.trials.reports(job.id)
    for trial in store.trials.list(job.id):
        if trial.searched and trial.id in reports:
            yield trial, reports[trial.id]


def _recorded(plan: Plan, rows: list[ReportRow]) -> int:
    """The highest rung of the plan up to which every one has a report; 0 if the first has none."""
    epochs, reached = {row.epoch for row in rows}, 0
    for rung in plan.rungs:
        if rung not in epochs:
            break
        reached = rung
    return reached

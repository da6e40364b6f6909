"""What is recorded of jobs in a few numbers each: a query for all of them, however many."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from nas.budget import STOPPED
from nas.store.leases import Holding
from nas.store.records import COUNTED, INHERITED, SEARCHED, TrialKind, TrialState
from nas.store.rows import as_record
from nas.store.schema import charges, drives, events, jobs, leases, reports, trials
from nas.store.transactions import Tables, patient


@dataclass(frozen=True)
class Group:
    """Trials of one kind in one state: how many, and the epochs that they have reached in all.

    Attributes:
        saves: as of a trial.
    """

    kind: TrialKind
    state: TrialState
    saves: bool
    count: int
    epochs: int

    @property
    def searched(self) -> bool:
        """As of a trial."""
        return self.kind in SEARCHED

    @property
    def counted(self) -> bool:
        """As of a trial."""
        return self.kind in COUNTED


@dataclass(frozen=True)
class Reused:
    """What a job took from the cache.

    Attributes:
        reports: rungs that were not trained.
        epochs: of those; ``search_epochs`` of the search alone.
        seconds: that they took a worker when they were trained.
    """

    reports: int = 0
    epochs: int = 0
    search_epochs: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Charged:
    """What workers were held for, without what was retrained, up to their last sign of life.

    Attributes:
        running: whether a worker is held now; its time is not in the sums.
    """

    epochs: int = 0
    cpu_seconds: float = 0.0
    gpu_seconds: float = 0.0
    running: bool = False


@dataclass(frozen=True)
class Tally:
    """One job.

    Attributes:
        last_event: the id of its newest event, read before all else: as long as it stays, so do
            the job and its trials.
        holding: its lease.
        groups: of its trials.
        reused: what came from the cache.
        inherited_epochs: that inserted parts trained for scores on inherited weights.
        dropped: checkpoints that were given up for room.
        worker_seconds: that workers spent on its recorded rungs; those from the cache cost none.
        charged: to it.
        driven_seconds: over all drives; without what was retrained.
    """

    last_event: int = 0
    holding: Holding | None = None
    groups: tuple[Group, ...] = ()
    reused: Reused = Reused()
    inherited_epochs: int = 0
    dropped: int = 0
    worker_seconds: float = 0.0
    charged: Charged = Charged()
    driven_seconds: float = 0.0


@patient
class Tallies(Tables):
    """All tables that jobs have rows in; reads only."""

    def of(self, job_id: int) -> Tally:
        """One job's."""
        return self.each([job_id])[job_id]

    def each(self, job_ids: Collection[int]) -> dict[int, Tally]:
        """Tallies by job."""
        with self._engine.connect() as connection:
            return _tallies(connection, job_ids)


def _tallies(connection: Connection, ids: Collection[int]) -> dict[int, Tally]:
    newest = select(func.max(events.c.id)).where(events.c.job_id == jobs.c.id).scalar_subquery()
    ours = select(jobs.c.id, newest).where(jobs.c.id.in_(ids))
    last = {row[0]: row[1] or 0 for row in connection.execute(ours)}
    held = connection.execute(select(leases).where(leases.c.job_id.in_(ids))).mappings()
    holdings = {row["job_id"]: as_record(Holding, row) for row in held}
    groups: dict[int, list[Group]] = {}
    for job_id, kind, state, saves, *sums in connection.execute(_groups(ids)):
        groups.setdefault(job_id, []).append(Group(kind, state, bool(saves), *sums))
    passed = {row[0]: tuple(row[1:]) for row in connection.execute(_reports(ids))}
    charged = {
        job_id: Charged(epochs, cpus, gpus, bool(running))
        for job_id, epochs, cpus, gpus, running in connection.execute(_charges(ids))
    }
    drive = select(drives.c.job_id, func.sum(drives.c.seconds)).group_by(drives.c.job_id)
    wanted = (drives.c.job_id.in_(ids), drives.c.purpose == "job")
    driven = {row[0]: float(row[1]) for row in connection.execute(drive.where(*wanted))}
    found = {}
    for job_id in ids:
        worker, reused, inherited, dropped = _read(passed.get(job_id, (0,) * 7))
        found[job_id] = Tally(
            last_event=last.get(job_id, 0),
            holding=holdings.get(job_id),
            groups=tuple(groups.get(job_id, ())),
            reused=reused,
            inherited_epochs=inherited,
            dropped=dropped,
            worker_seconds=worker,
            charged=charged.get(job_id, Charged()),
            driven_seconds=driven.get(job_id, 0.0),
        )
    return found


def _groups(ids: Collection[int]) -> Select[Any]:
    pruned = (trials.c.state == "pruned") & (trials.c.reason != STOPPED)
    saves = case((pruned & trials.c.kind.in_(COUNTED), 1), else_=0).label("saves")
    by = (trials.c.job_id, trials.c.kind, trials.c.state, saves)
    sums = (func.count(), func.sum(trials.c.epoch))
    return select(*by, *sums).where(trials.c.job_id.in_(ids)).group_by(*by)


def _reports(ids: Collection[int]) -> Select[Any]:
    """One pass over the reports of all jobs."""
    seconds = reports.c.train_seconds + reports.c.evaluation_seconds
    length = func.json_array_length(reports.c.train_loss)
    cached = reports.c.cached_from != ""
    searched = cached & trials.c.kind.in_(SEARCHED)
    dropped = (reports.c.checkpoint == "") & (reports.c.checkpoint_sha256 != "")
    chosen = (
        (~cached, seconds),
        (cached, 1),
        (cached, length),
        (searched, length),
        (cached, seconds),
        (reports.c.epoch == INHERITED, length),
        (dropped, 1),
    )
    sums = (func.sum(case((which, value), else_=0)) for which, value in chosen)
    return (
        select(trials.c.job_id, *sums)
        .select_from(reports.join(trials, trials.c.id == reports.c.trial_id))
        .where(trials.c.job_id.in_(ids))
        .group_by(trials.c.job_id)
    )


def _read(row: tuple[Any, ...]) -> tuple[float, Reused, int, int]:
    worker, count, epochs, search_epochs, seconds, inherited, dropped = row
    reused = Reused(int(count), int(epochs), int(search_epochs), float(seconds))
    return float(worker), reused, int(inherited), int(dropped)


def _charges(ids: Collection[int]) -> Select[Any]:
    held = (
        charges.c.epochs,
        charges.c.seconds * charges.c.cpus,
        charges.c.seconds * charges.c.gpus,
    )
    running = case((charges.c.outcome == "running", 1), else_=0)
    ours = (charges.c.job_id.in_(ids), charges.c.work != "retrain")
    return (
        select(charges.c.job_id, *(func.sum(each) for each in held), func.max(running))
        .where(*ours)
        .group_by(charges.c.job_id)
    )

"""Which job is next: by priority, then fairly among owners, within each owner's limits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from nas.store.leases import Holding, take
from nas.store.records import JobState
from nas.store.rows import as_record, as_records, columns_of, now_ms
from nas.store.schema import charges, jobs, leases, owners
from nas.store.transactions import Tables, exclusively, patient

#: Worker time of so many milliseconds back decides among owners of equal right.
_RECENT_MS = 24 * 3600 * 1000

#: GPU-hours of so many milliseconds back count for an owner's limit.
_LIMIT_MS = 30 * 24 * 3600 * 1000


@dataclass(frozen=True)
class Owner:
    """Limits of one who submits jobs.

    Attributes:
        max_running: jobs driven at once; None: no limit.
        gpu_hours: within the last 30 days; None: no limit.
    """

    name: str
    max_running: int | None = None
    gpu_hours: float | None = None


@dataclass(frozen=True)
class Waiting:
    """What is read of every job in the queue, twice a second: no more than its place needs.

    Attributes:
        state: ``queued``; ``running`` where its driver is gone.
        created_ms: when it was recorded.
    """

    id: int
    name: str
    state: JobState
    owner: str
    priority: int
    created_ms: int


@patient
class Queue(Tables):
    """Jobs that wait for somebody to drive them."""

    def waiting(self, stale: Collection[Holding] = ()) -> list[Waiting]:
        """Jobs that may be driven now, the next one first.

        Args:
            stale: leases whose holders are gone; their jobs wait too.
        """
        with self._engine.connect() as connection:
            return _waiting(connection, stale)

    def claim(self, holder: str, stale: Collection[Holding] = ()) -> tuple[Waiting, Holding] | None:
        """Take the next job, or None if none may be driven."""
        with self._engine.begin() as connection:
            exclusively(connection)
            for job in _waiting(connection, stale)[:1]:
                old = next((held for held in stale if held.job_id == job.id), None)
                return job, take(connection, job.id, holder, old)
        return None

    def set_owner(self, owner: Owner) -> None:
        """Set an owner's limits."""
        with self._engine.begin() as connection:
            connection.execute(delete(owners).where(owners.c.name == owner.name))
            connection.execute(insert(owners), vars(owner))

    def owners(self) -> list[Owner]:
        """Owners that have limits, by name."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(owners).order_by(owners.c.name)).mappings()
            return [as_record(Owner, row) for row in rows]


def _waiting(connection: Connection, stale: Collection[Holding]) -> list[Waiting]:
    there = connection.execute(select(leases.c.job_id, leases.c.token))
    held = {row.job_id: row.token for row in there}
    gone = {lease.job_id for lease in stale if held.get(lease.job_id) == lease.token}
    open_ = select(*columns_of(Waiting, jobs)).where(jobs.c.state.in_(("queued", "running")))
    found = as_records(Waiting, connection.execute(open_))
    running: dict[str, int] = {}
    for job in found:
        if job.id in held and job.id not in gone:
            running[job.owner] = running.get(job.owner, 0) + 1
    limits = {
        row["name"]: as_record(Owner, row) for row in connection.execute(select(owners)).mappings()
    }
    recent = _hours(connection, _RECENT_MS, charges.c.cpus + 16 * charges.c.gpus)
    gpus = _hours(connection, _LIMIT_MS, charges.c.gpus) if limits else {}
    free = [
        job
        for job in found
        if (job.id not in held or job.id in gone)
        and _within(limits.get(job.owner), running.get(job.owner, 0), gpus.get(job.owner, 0.0))
    ]
    return sorted(
        free,
        key=lambda job: (
            -job.priority,
            running.get(job.owner, 0),
            recent.get(job.owner, 0.0),
            job.id,
        ),
    )


def _within(limit: Owner | None, running: int, gpu_hours: float) -> bool:
    if limit is None:
        return True
    few = limit.max_running is None or running < limit.max_running
    return few and (limit.gpu_hours is None or gpu_hours < limit.gpu_hours)


def _hours(connection: Connection, window_ms: int, weight: object) -> dict[str, float]:
    """Worker hours of each owner in the last while, weighted by what was held."""
    query = (
        select(jobs.c.owner, func.sum(charges.c.seconds * weight) / 3600)
        .join(jobs, jobs.c.id == charges.c.job_id)
        .where(charges.c.started_ms > now_ms() - window_ms)
        .group_by(jobs.c.owner)
    )
    return {owner: float(hours or 0.0) for owner, hours in connection.execute(query)}

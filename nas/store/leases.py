"""Who drives which job, and which dispatchers are there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from nas.errors import LeaseLost, WrongState
from nas.store.records import Request
from nas.store.rows import as_record, now_ms
from nas.store.schema import dispatchers, events, jobs, leases
from nas.store.transactions import Lease, Tables, exclusively, hold, patient


@dataclass(frozen=True)
class Holding:
    """A job's lease as it stands.

    Attributes:
        token: known to the holder alone.
        holder: machine and process, see ``nas.holding.holder``.
        beats: signs of life so far; one that stands still is stale (``nas.holding.watch``).
        since_ms: of this holder; ``beat_ms`` of the last sign of life: for people, as the clocks
            of two machines differ.
        takeovers: from holders that died without a report in between.
        seen_event: the job's last report when it was last taken over.
    """

    job_id: int
    token: str
    holder: str
    beats: int
    since_ms: int
    beat_ms: int
    takeovers: int
    seen_event: int

    @property
    def lease(self) -> Lease:
        """What writes are checked against."""
        return Lease(self.job_id, self.token)


@dataclass(frozen=True)
class Dispatcher:
    """A process that takes queued jobs.

    Attributes:
        slots: jobs that it drives at once.
        beat_ms: its last sign of life.
    """

    holder: str
    slots: int
    since_ms: int
    beat_ms: int


@patient
class Leases(Tables):
    """The tables of leases and dispatchers."""

    def take(self, job_id: int, holder: str, stale: Holding | None = None) -> Holding:
        """Become the one who drives a job.

        Args:
            job_id: of the job.
            holder: who.
            stale: the lease to take over; None: there must be none.

        Raises:
            WrongState: if somebody holds it, or the stale one showed a sign of life.
        """
        with self._engine.begin() as connection:
            exclusively(connection)
            return take(connection, job_id, holder, stale)

    def adopt(self, lease: Lease, holder: str) -> None:
        """Go on with a lease that another process took for this one.

        Raises:
            LeaseLost: if it is another's by now.
        """
        with self._engine.begin() as connection:
            hold(connection, lease)
            ours = leases.c.job_id == lease.job_id
            changes = {"holder": holder, "beats": leases.c.beats + 1, "beat_ms": now_ms()}
            connection.execute(update(leases).where(ours).values(changes))

    def beat(self, lease: Lease) -> Request:
        """Show a sign of life; gives what the job's driver is asked to do.

        Raises:
            LeaseLost: if another process drives the job now.
        """
        ours = (leases.c.job_id == lease.job_id, leases.c.token == lease.token)
        changes = {"beats": leases.c.beats + 1, "beat_ms": now_ms()}
        with self._engine.begin() as connection:
            found = connection.execute(update(leases).where(*ours).values(changes))
            if found.rowcount != 1:
                raise LeaseLost(f"job {lease.job_id} is driven by another process now")
            query = select(jobs.c.request).where(jobs.c.id == lease.job_id)
            request: Request = connection.execute(query).scalar_one()
        return request

    def release(self, lease: Lease) -> None:
        """Give a lease back; one that was lost is let be."""
        ours = (leases.c.job_id == lease.job_id, leases.c.token == lease.token)
        with self._engine.begin() as connection:
            connection.execute(delete(leases).where(*ours))

    def of(self, job_id: int) -> Holding | None:
        """A job's lease, or None."""
        query = select(leases).where(leases.c.job_id == job_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return as_record(Holding, row) if row else None

    def appear(self, holder: str, slots: int) -> None:
        """Note that a dispatcher is there, or still is."""
        changes = {"slots": slots, "beat_ms": now_ms()}
        with self._engine.begin() as connection:
            query = update(dispatchers).where(dispatchers.c.holder == holder).values(changes)
            if connection.execute(query).rowcount == 0:
                values = {"holder": holder, "since_ms": now_ms(), **changes}
                connection.execute(insert(dispatchers), values)

    def leave(self, holder: str) -> None:
        """Note that a dispatcher is gone."""
        with self._engine.begin() as connection:
            connection.execute(delete(dispatchers).where(dispatchers.c.holder == holder))

    def dispatchers(self) -> list[Dispatcher]:
        """All dispatchers that did not say goodbye, oldest first."""
        query = select(dispatchers).order_by(dispatchers.c.since_ms)
        with self._engine.connect() as connection:
            return [as_record(Dispatcher, row) for row in connection.execute(query).mappings()]

    def list(self) -> list[Holding]:
        """All leases, by job."""
        query = select(leases).order_by(leases.c.job_id)
        with self._engine.connect() as connection:
            return [as_record(Holding, row) for row in connection.execute(query).mappings()]


def take(connection: Connection, job_id: int, holder: str, stale: Holding | None) -> Holding:
    """``Leases.take`` in the caller's transaction, which is alone in choosing."""
    found = connection.execute(select(leases).where(leases.c.job_id == job_id)).mappings().first()
    held = as_record(Holding, found) if found else None
    if held is not None and held != stale:
        raise WrongState(f"job {job_id} is being driven already, by {held.holder}")
    reported = (events.c.job_id == job_id, events.c.kind == "report")
    last = select(func.coalesce(func.max(events.c.id), 0)).where(*reported)
    event = connection.execute(last).scalar_one()
    stuck = held is not None and held.seen_event == event
    new = Holding(
        job_id=job_id,
        token=secrets.token_hex(16),
        holder=holder,
        beats=0,
        since_ms=now_ms(),
        beat_ms=now_ms(),
        takeovers=(held.takeovers + 1 if held and stuck else 1) if held else 0,
        seen_event=event if held else 0,
    )
    connection.execute(delete(leases).where(leases.c.job_id == job_id))
    connection.execute(insert(leases), vars(new))
    return new

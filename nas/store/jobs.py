"""Jobs and their events."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from nas.errors import NameTaken, NotFound
from nas.store.records import OVER, Event, Job, JobState, Request, Shares
from nas.store.rows import as_record, as_records, columns_of, inserted_id, now_ms, record_event
from nas.store.schema import events, jobs
from nas.store.tasks import add_task
from nas.store.transactions import Tables, patient

_WHOLE = select(*columns_of(Job, jobs))


@dataclass(frozen=True)
class Stamp:
    """What tells whether a job or its trials changed: what people change, and the newest event."""

    id: int
    last_event: int
    state: str = ""
    request: str = ""
    priority: int = 0


@patient
class Jobs(Tables):
    """The table of jobs; every change appends an event in the same transaction."""

    def create(
        self,
        name: str,
        spec: dict[str, Any],
        details: dict[str, Any],
        owner: str = "",
        priority: int = 0,
        state: JobState = "queued",
        cost_shares: Shares | None = None,
    ) -> Job:
        """Record a job.

        Args:
            name: of the job.
            spec: the resolved job file.
            details: what was found at submission.
            owner: who submits it.
            priority: of its place in the queue; higher is sooner.
            state: ``queued``, or ``paused`` for who drives it himself: no dispatcher takes it.
            cost_shares: as ``nas.cost_shares`` counts them.

        Raises:
            NameTaken: if a job of this name exists.
        """
        values = {
            "name": name,
            "state": state,
            "reason": "",
            "owner": owner,
            "priority": priority,
            "request": "",
            "spec": spec,
            "details": details,
            "cost_shares": cost_shares,
            "created_ms": now_ms(),
        }
        try:
            with self._writing() as connection:
                key = inserted_id(connection.execute(insert(jobs), values))
                record_event(connection, key, f"job_{state}", {"name": name})
        except IntegrityError:
            raise NameTaken(name) from None
        return self.get(name)

    def get(self, name: str) -> Job:
        """A job by name or id.

        Raises:
            NotFound: with the nearest name.
        """
        with self._engine.connect() as connection:
            row = connection.execute(_WHOLE.where(jobs.c.name == name)).mappings().first()
            if row is None and name.isdecimal() and len(name) < 19:
                query = _WHOLE.where(jobs.c.id == int(name))
                row = connection.execute(query).mappings().first()
            if row is not None:
                return as_record(Job, row)
            names = list(connection.execute(select(jobs.c.name)).scalars())
        raise NotFound("job", name, names)

    def has(self, name: str) -> bool:
        """Whether a job has this name."""
        with self._engine.connect() as connection:
            query = select(jobs.c.id).where(jobs.c.name == name)
            return connection.execute(query).first() is not None

    def cost_shares(self, job_id: int) -> Shares:
        """What attention adds to the costs, by placement, type and cost; empty if never counted."""
        query = select(jobs.c.cost_shares).where(jobs.c.id == job_id)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar() or {}

    def set_state(self, job_id: int, state: JobState, reason: str = "") -> None:
        """Move a job to a state; stamps its first start, and its end."""
        values: dict[str, Any] = {"state": state, "reason": reason}
        if state != "running":
            values["request"] = ""  # is answered
        if state == "running":
            values |= {
                "started_ms": func.coalesce(jobs.c.started_ms, now_ms()),
                "finished_ms": None,
            }
        elif state != "queued":
            values["finished_ms"] = now_ms()
        with self._writing() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))
            record_event(connection, job_id, f"job_{state}", {"reason": reason})
            if state in OVER:
                self._announce(connection, job_id, state)

    def _announce(self, connection: Connection, job_id: int, state: JobState) -> None:
        """Have a dispatcher tell whom the job file names that the job is over."""
        spec = connection.execute(select(jobs.c.spec).where(jobs.c.id == job_id)).scalar_one()
        if spec.get("webhook"):
            add_task(
                connection, "webhook", {"address": spec["webhook"], "state": state}, "", job_id
            )

    def ask(self, job_id: int, request: Request) -> None:
        """Ask a job's driver for something; it looks at every sign of life."""
        with self._writing() as connection:
            query = update(jobs).where(jobs.c.id == job_id).values(request=request)
            connection.execute(query)
            record_event(connection, job_id, f"asked_to_{request or 'go_on'}", {})

    def set_priority(self, job_id: int, priority: int) -> None:
        """Change a job's place in the queue."""
        with self._writing() as connection:
            query = update(jobs).where(jobs.c.id == job_id).values(priority=priority)
            connection.execute(query)
            record_event(connection, job_id, "job_priority", {"priority": priority})

    def delete(self, job_id: int) -> None:
        """Forget a job with its trials, reports, events and charges."""
        with self._writing() as connection:
            connection.execute(delete(jobs).where(jobs.c.id == job_id))

    def add_details(self, job_id: int, details: dict[str, Any]) -> None:
        """Merge keys into a job's details, whoever else does at the same time."""
        with self._writing() as connection:
            # An update of nothing, which locks the row, in SQLite the file, before it is read.
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(name=jobs.c.name))
            query = select(jobs.c.details).where(jobs.c.id == job_id)
            merged = {**connection.execute(query).scalar_one(), **details}
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(details=merged))

    def set_tracked(self, job_id: int, event: int) -> None:
        """Note that MLflow has everything of a job up to an event."""
        with self._engine.begin() as connection:
            query = update(jobs).where(jobs.c.id == job_id, jobs.c.tracked < event)
            connection.execute(query.values(tracked=event))

    def untracked(self) -> list[Job]:
        """Jobs that nobody is to go on with and that MLflow may not have whole, oldest first."""
        newest = select(func.max(events.c.id)).where(events.c.job_id == jobs.c.id).scalar_subquery()
        still = jobs.c.state.not_in(("queued", "running"))
        query = _WHOLE.where(still, jobs.c.tracked < newest).order_by(jobs.c.id)
        with self._engine.connect() as connection:
            return as_records(Job, connection.execute(query))

    def extend(
        self,
        job_id: int,
        spec: dict[str, Any],
        details: dict[str, Any],
        reason: str,
        cost_shares: Shares | None = None,
    ) -> None:
        """Queue a job again under a changed spec, with keys merged into its details."""
        with self._writing() as connection:
            query = select(jobs.c.details).where(jobs.c.id == job_id)
            merged = {**connection.execute(query).scalar_one(), **details}
            values: dict[str, Any] = {"spec": spec, "details": merged, "state": "queued"}
            values |= {"reason": "", "finished_ms": None}
            values |= {} if cost_shares is None else {"cost_shares": cost_shares}
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))
            record_event(connection, job_id, "job_queued", {"reason": reason})

    def events(self, job_id: int, after: int = 0, limit: int = 1000) -> list[Event]:
        """Events of a job with ids above ``after``, oldest first."""
        query = (
            select(events)
            .where(events.c.job_id == job_id, events.c.id > after)
            .order_by(events.c.id)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [as_record(Event, row) for row in connection.execute(query).mappings()]

    def state(self, job_id: int) -> JobState | None:
        """A job's state; None if there is no such job."""
        query = select(jobs.c.state).where(jobs.c.id == job_id)
        with self._engine.connect() as connection:
            found: JobState | None = connection.execute(query).scalar()
        return found

    def last_event(self, job_id: int) -> int:
        """The id of a job's newest event: as long as it stays, so do the job and its trials."""
        query = select(func.max(events.c.id)).where(events.c.job_id == job_id)
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar() or 0)

    def find(
        self, states: Collection[str], owner: str | None, text: str, skip: int, most: int
    ) -> tuple[int, list[Stamp]]:
        """How many jobs there are of these states and this owner, and some of them, newest first.

        Args:
            states: any of them; empty: all.
            owner: None: anybody.
            text: somewhere in the name, whatever its case; empty: any.
            skip: so many.
            most: at most so many after those.
        """
        wanted = [jobs.c.name.icontains(text, autoescape=True)] if text else []
        wanted += [jobs.c.state.in_(states)] if states else []
        wanted += [jobs.c.owner == owner] if owner is not None else []
        query = _stamps(*wanted).order_by(jobs.c.id.desc()).offset(skip).limit(most)
        with self._engine.connect() as connection:
            count = select(func.count()).select_from(jobs).where(*wanted)
            total = connection.execute(count).scalar_one()
            return total, [Stamp(*row) for row in connection.execute(query)]

    def stamp(self, job_id: int) -> Stamp:
        """Of one job; without events where there is no such job any more."""
        with self._engine.connect() as connection:
            row = connection.execute(_stamps(jobs.c.id == job_id)).first()
        return Stamp(*row) if row else Stamp(job_id, 0)

    def each(self, job_ids: Collection[int]) -> list[Job]:
        """Jobs of these ids, as far as they are there; newest first."""
        query = _WHOLE.where(jobs.c.id.in_(job_ids)).order_by(jobs.c.id.desc())
        with self._engine.connect() as connection:
            return as_records(Job, connection.execute(query))

    def list(self) -> list[Job]:
        """All jobs, newest first."""
        with self._engine.connect() as connection:
            return as_records(Job, connection.execute(_WHOLE.order_by(jobs.c.id.desc())))


def _stamps(*wanted: ColumnElement[bool]) -> Select[Any]:
    newest = select(func.max(events.c.id)).where(events.c.job_id == jobs.c.id).scalar_subquery()
    state = (jobs.c.state, jobs.c.request, jobs.c.priority)
    return select(jobs.c.id, func.coalesce(newest, 0), *state).where(*wanted)

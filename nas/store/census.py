"""The whole store in a few numbers, each one query: what monitoring asks for."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Select, func, select

from nas.store.rows import now_ms
from nas.store.schema import charges, jobs, trials


@dataclass(frozen=True)
class Census:
    """How things stand.

    Attributes:
        jobs: how many in each state; trials likewise, of all jobs.
        oldest_queued_seconds: how long the job that was recorded first of those queued is there.
        worker_seconds: that workers were held, by the job's owner.
    """

    jobs: dict[str, int]
    trials: dict[str, int]
    oldest_queued_seconds: float
    worker_seconds: dict[str, float]


def census(engine: Engine) -> Census:
    """Count."""
    with engine.connect() as connection:
        oldest = select(func.min(jobs.c.created_ms)).where(jobs.c.state == "queued")
        first = connection.execute(oldest).scalar()
        spent = (
            select(jobs.c.owner, func.sum(charges.c.seconds))
            .join(charges, charges.c.job_id == jobs.c.id)
            .group_by(jobs.c.owner)
        )
        return Census(
            jobs=_counted(connection, select(jobs.c.state, func.count()).group_by(jobs.c.state)),
            trials=_counted(
                connection, select(trials.c.state, func.count()).group_by(trials.c.state)
            ),
            oldest_queued_seconds=max(0.0, (now_ms() - first) / 1000) if first else 0.0,
            worker_seconds={owner: float(sum_) for owner, sum_ in connection.execute(spent)},
        )


def _counted(connection: Connection, query: Select[str, int]) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(query)}

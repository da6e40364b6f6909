"""One job's rows as JSON, and a store in memory made of them: how a job travels to a client."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, create_engine, insert, select
from sqlalchemy.pool import StaticPool

from nas.store.records import Job
from nas.store.schema import charges, drives, jobs, leases, metadata, reports, trials
from nas.store.store import Store

#: Tables of which a job has rows, parents first; events travel by themselves.
_TABLES = (jobs, leases, trials, reports, drives, charges)


def records_of(store: Store, job: Job) -> dict[str, list[dict[str, Any]]]:
    """Everything that is recorded of a job, by table; JSON-ready. Leases come without a token."""
    with store.engine.connect() as connection:
        found = {table.name: _rows(connection, table, job.id) for table in _TABLES}
    for lease in found["leases"]:
        lease["token"] = ""
    return found


def store_of(records: dict[str, list[dict[str, Any]]]) -> Store:
    """A store in memory that answers as the one did that the records come from."""
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    metadata.create_all(engine)
    with engine.begin() as connection:
        for table in _TABLES:
            rows = records.get(table.name, ())
            known = set(table.columns.keys())
            # A newer server may send more than is known here.
            values = [{k: v for k, v in row.items() if k in known} for row in rows]
            if values:
                connection.execute(insert(table), values)
    return Store("", engine=engine)


def _rows(connection: Connection, table: Table, job_id: int) -> list[dict[str, Any]]:
    query = select(table).order_by(*table.primary_key.columns)
    if table is jobs:
        query = query.where(jobs.c.id == job_id)
    elif table is reports:
        ours = select(trials.c.id).where(trials.c.job_id == job_id)
        query = query.where(reports.c.trial_id.in_(ours))
    else:
        query = query.where(table.c.job_id == job_id)
    return [dict(row) for row in connection.execute(query).mappings()]

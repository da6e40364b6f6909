"""Small shared pieces of the store: the clock, one event, a row as a value."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    Connection,
    CursorResult,
    Integer,
    Table,
    bindparam,
    func,
    insert,
    select,
)
from sqlalchemy.engine import RowMapping

from nas.store import schema

T = TypeVar("T")

#: Any number: the kind of what is locked in PostgreSQL while an event of a job is written.
_EVENTS = 7_301_984


_IN_TURN = select(func.pg_advisory_xact_lock(_EVENTS, bindparam("job", type_=Integer)))


def now_ms() -> int:
    """UTC milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def as_record(kind: type[T], row: RowMapping) -> T:
    """A row as a frozen record; JSON lists become tuples."""
    names = _names(kind)  # type: ignore[arg-type]
    return kind(**{n: tuple(v) if isinstance(v := row[n], list) else v for n in names})


def as_records(kind: type[T], rows: Iterable[Sequence[Any]]) -> list[T]:
    """Rows of ``columns_of`` the same kind as frozen records; JSON lists become tuples."""
    return [kind(*[tuple(v) if type(v) is list else v for v in row]) for row in rows]


def columns_of(kind: type[Any], table: Table) -> list[Column[Any]]:
    """The columns that a record is made of, in its order."""
    return [table.c[name] for name in _names(kind)]  # type: ignore[arg-type]


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def inserted_id(result: CursorResult[Any]) -> int:
    """The id that an insert gave its row."""
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def record_event(
    connection: Connection,
    job_id: int,
    kind: str,
    data: dict[str, Any],
    trial_id: int | None = None,
) -> None:
    """Append an event in the caller's transaction.

    Events of a job are committed in the order of their ids, so that a reader's cursor passes none.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_IN_TURN, {"job": job_id % 2**31})
    connection.execute(
        insert(schema.events),
        {
            "job_id": job_id,
            "trial_id": trial_id,
            "kind": kind,
            "data": data,
            "created_ms": now_ms(),
        },
    )

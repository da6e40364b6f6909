"""What all tables of the store have in common: how they are read and how they are written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, bindparam, func, select, update
from sqlalchemy.exc import DBAPIError

from nas.errors import LeaseLost, StoreUnreachable
from nas.store.schema import leases

#: Any number: what dispatchers lock in PostgreSQL while they choose.
_CHOOSING = 7_301_983


#: Seconds between two tries to reach a database that went away.
RETRY_SECONDS = 1.0

#: What a server says that shuts down, ended an idle session or cannot serve now (SQLSTATE), and
#: SQLite's words.
_STATES = ("08", "25P03", "53", "57P")
_WORDS = ("database is locked", "disk", "unable to open")


# An update of nothing: it locks the row in PostgreSQL and the file in SQLite, where a read would
# lock neither. Made once, as every transaction of a driver begins with it.
_HOLD = (
    update(leases)
    .where(leases.c.job_id == bindparam("job"), leases.c.token == bindparam("held"))
    .values(token=leases.c.token)
)


@dataclass(frozen=True)
class Lease:
    """The right to write to a job, for as long as nobody else took it."""

    job_id: int
    token: str


class Tables:
    """Some tables of one store.

    Args:
        engine: of the database.
        lease: checked in the same transaction by everything that is written; None: no check.
        patience: seconds that a database which went away is waited for.
    """

    def __init__(self, engine: Engine, lease: Lease | None = None, patience: float = 0.0) -> None:
        self._engine, self._lease, self._patience = engine, lease, patience

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction, committed at the end.

        Raises:
            LeaseLost: if another process drives the job now; nothing is written.
        """
        with self._engine.begin() as connection:
            if self._lease is not None:
                hold(connection, self._lease)
            yield connection


def hold(connection: Connection, lease: Lease) -> None:
    """Keep a lease from changing hands until the transaction ends.

    Raises:
        LeaseLost: if it did already.
    """
    found = connection.execute(_HOLD, {"job": lease.job_id, "held": lease.token})
    if found.rowcount != 1:
        raise LeaseLost(f"job {lease.job_id} is driven by another process now")


def exclusively(connection: Connection) -> None:
    """Let one transaction at a time choose what to take; until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_CHOOSING)))
    else:
        connection.execute(update(leases).where(leases.c.job_id == -1).values(beats=0))


T = TypeVar("T", bound=type[Tables])
R = TypeVar("R")


def patient(kind: T) -> T:
    """Let every public method of some tables wait for a database that went away.

    Each is one transaction, so one that was cut off can be done again.
    """
    for name, method in list(vars(kind).items()):
        if callable(method) and not name.startswith("_"):
            setattr(kind, name, _again(method))
    return kind


def _again(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def done(self: Tables, *values: Any, **named: Any) -> Any:
        return patiently(lambda: _reached(method, self, *values, **named), self._patience)

    return done


def patiently(attempt: Callable[[], R], seconds: float) -> R:
    """Try again and again, as long as the database isn't reached.

    Raises:
        StoreUnreachable: if it wasn't, for so long.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except StoreUnreachable:
            if time.monotonic() >= deadline:
                raise
        time.sleep(min(RETRY_SECONDS, max(0.0, deadline - time.monotonic())))


def _reached(method: Callable[..., R], *values: Any, **named: Any) -> R:
    try:
        return method(*values, **named)
    except DBAPIError as error:
        if not is_away(error):
            raise
        told = str(error.orig).strip().splitlines()[0]
        raise StoreUnreachable(f"the store doesn't answer: {told}") from error


def is_away(error: DBAPIError) -> bool:
    """Whether the database can't be reached or can't write now, but may again."""
    state = getattr(error.orig, "sqlstate", None) or ""
    told = str(error.orig)
    unreached = type(error.orig).__name__ == "OperationalError" and not state
    if type(error.orig).__module__.startswith("sqlite3"):
        return any(word in told for word in _WORDS)
    return error.connection_invalidated or unreached or state.startswith(_STATES)

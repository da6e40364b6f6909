"""What pages and API read from the store: the same mappings as the command line's ``-o json``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from dashboard.kept import Kept
from nas.analysis.front import front
from nas.analysis.summary import job_summary
from nas.analysis.verdict import verdict
from nas.errors import NotFound, StoreUnreachable
from nas.store.records import Job
from nas.store.store import Store

T = TypeVar("T")


class Reader:
    """Opens the store when it is first needed and exists; looking creates nothing."""

    def __init__(self, store_url: str) -> None:
        self._url = store_url
        self._store: Store | None = None
        self._lock = Lock()
        self._kept = Kept()

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs, newest first, as ``nas list``."""
        store = self._open()
        return [job_summary(store, job) for job in store.jobs.list()] if store else []

    def job(self, name: str) -> dict[str, Any]:
        """One job, as ``nas show``."""
        store, job = self._job(name)
        return job_summary(store, job)

    def front(self, name: str) -> dict[str, Any]:
        """A job's Pareto front, as ``nas front``."""
        store, job = self._job(name)
        return front(store, job).to_dict()

    def report(self, name: str) -> dict[str, Any]:
        """A job's verdict against its baselines, as ``nas report``."""
        store, job = self._job(name)
        return verdict(store, job).to_dict()

    def of(self, name: str, what: str, make: Callable[[Store, Job], T]) -> T:
        """Something made of one job, kept until the job changes.

        Args:
            name: of the job, or its number.
            what: a name for it, by which it is kept.
            make: makes it.
        """
        store, job = self._job(name)
        stamp = (job.state, store.jobs.last_event(job.id))
        return self._kept.get((job.id, what), stamp, lambda: make(store, job))

    def check(self) -> None:
        """Ask the store something small.

        Raises:
            StoreUnreachable: if it doesn't answer.
        """
        store = self._open()
        if store is None:
            return
        try:
            with store.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            raise StoreUnreachable("the store doesn't answer") from error

    def close(self) -> None:
        """Give the store's connections back."""
        if self._store:
            self._store.close()

    def _job(self, name: str) -> tuple[Store, Job]:
        store = self._open()
        if store is None:
            raise NotFound("job", name)
        return store, store.jobs.get(name)

    def _open(self) -> Store | None:
        with self._lock:
            if self._store is None and _exists(self._url):
                self._store = Store(self._url)
            return self._store


def _exists(url: str) -> bool:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return True
    return Path(parsed.database).exists()

"""What pages and API read from the store: the same mappings as the command line's ``-o json``."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from dashboard.kept import Kept
from dashboard.snapshot import Snapshot
from dashboard.summaries import Summaries
from nas.analysis.verdict import verdict
from nas.errors import NotFound, StoreUnreachable
from nas.store.records import Event, Job, Trial
from nas.store.store import Store
from nas.store.trial_query import TrialQuery

T = TypeVar("T")

#: A job of so many results at most is small: what is made of it is waited for.
_FEW = 500


class Reader:
    """Opens the store when it is first needed and exists; looking creates nothing."""

    def __init__(self, store_url: str) -> None:
        self._url = store_url
        self._store: Store | None = None
        self._lock = Lock()
        self._kept, self._summaries = Kept(), Summaries()
        self._snapshots = Kept(most=8, rest=0)

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs, newest first, as ``nas list``."""
        return self.jobs_page((), None, "", 0, 10**9)[1]

    def jobs_page(
        self, states: Collection[str], owner: str | None, text: str, skip: int, most: int
    ) -> tuple[int, list[dict[str, Any]]]:
        """How many jobs are looked for, and some of them, newest first, as ``nas list``."""
        store = self._open()
        if store is None:
            return 0, []
        total, found = store.jobs.find(states, owner, text, skip, most)
        return total, self._summaries.of(store, found)

    def job(self, name: str) -> dict[str, Any]:
        """One job, as ``nas show``."""
        store, job = self._job(name)
        found = self._summaries.of(store, [store.jobs.stamp(job.id)])
        if not found:
            raise NotFound("job", name)
        return found[0]

    def front(self, name: str) -> dict[str, Any]:
        """A job's Pareto front, as ``nas front``."""
        return self.of(name, "front", lambda seen: seen.front.to_dict())

    def report(self, name: str) -> dict[str, Any]:
        """A job's verdict against its baselines, as ``nas report``."""
        return self.of(name, "report", lambda seen: verdict(seen.store, seen.job).to_dict())

    def trials(self, name: str, query: TrialQuery) -> tuple[Job, int, list[Trial]]:
        """How many of a job's trials are looked for, and one page of them."""
        store, job = self._job(name)
        return job, *store.trials.page(job.id, query)

    def of(self, name: str, what: str, make: Callable[[Snapshot], T]) -> T:
        """Something made of one job, kept until the job changes.

        Args:
            name: of the job, or its number.
            what: a name for it, by which it is kept.
            make: makes it.
        """
        store, job = self._job(name)
        stamp = store.jobs.stamp(job.id)
        seen = self._snapshot(store, job, stamp)
        return self._kept.get((job.id, what), stamp, lambda: make(seen))

    def soon(self, name: str, what: str, make: Callable[[Snapshot], T]) -> T:
        """The same for what takes seconds of large jobs.

        Raises:
            NotYetError: if it is being made; of small jobs it is waited for.
        """
        store, job = self._job(name)
        stamp = store.jobs.stamp(job.id)
        seen = self._snapshot(store, job, stamp)
        get = self._kept.get if len(seen.results) <= _FEW else self._kept.get_soon
        return get((job.id, what), stamp, lambda: make(seen))

    def lately(self, what: str, make: Callable[[Store], T]) -> T | None:
        """Something made of all jobs, made again whenever it is asked for and has rested.

        Args:
            what: a name for it, by which it is kept.
            make: makes it; not called where there is no store yet.

        Returns:
            None without a store.
        """
        store = self._open()
        if store is None:
            return None
        return self._kept.get(("store", what), time.monotonic(), lambda: make(store))

    def found(self, name: str) -> Job:
        """A job by name or number.

        Raises:
            NotFound: with the nearest name.
        """
        return self._job(name)[1]

    def store(self) -> Store:
        """The store; an embedded one is made if it isn't there yet."""
        with self._lock:
            if self._store is None:
                self._store = Store(self._url)
            return self._store

    def existing(self) -> Store | None:
        """The store, or None where nothing was recorded yet; nothing is created."""
        return self._open()

    def events(self, name: str, after: int, limit: int) -> list[Event]:
        """A job's events after one of them, oldest first."""
        store, job = self._job(name)
        return store.jobs.events(job.id, after, limit)

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

    def _snapshot(self, store: Store, job: Job, stamp: Hashable) -> Snapshot:
        return self._snapshots.get(job.id, stamp, lambda: Snapshot(store, job))

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

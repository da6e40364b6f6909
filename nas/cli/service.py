"""Where commands find the service: at ``NAS_SERVER``, or in the store of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from nas.cli.opened import existing_store, opened_job, server

if TYPE_CHECKING:
    from nas.client import Client
    from nas.store.records import Job

#: Seconds between two looks at a local store.
_LOOK_SECONDS = 0.5

#: Jobs that a service is asked for at once.
_PAGE = 200

#: What ``change`` can be asked for.
VERBS = ("pause", "cancel", "resume", "retry", "priority")


class Service(Protocol):
    """The same answers from near and from far, as ``-o json`` prints them."""

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs, newest first."""

    def job(self, name: str) -> dict[str, Any]:
        """One job.

        Raises:
            NotFound: with the nearest name.
        """

    def events(self, name: str, after: int, follow: bool) -> Iterator[dict[str, Any]]:
        """A job's events; following, until it is over."""

    def change(self, name: str, verb: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Do one of ``VERBS``; gives the job as it is then.

        Raises:
            WrongState: if it can't be done now.
        """

    def delete(self, name: str) -> None:
        """Forget a job."""


def service() -> Service:
    """The one that the environment names."""
    remote = server()
    return Remote(remote) if remote is not None else Local()


class Local:
    """The store of ``NAS_HOME``, or of ``NAS_STORE_URL``."""

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs, newest first."""
        with existing_store() as store:
            if store is None:
                return []
            from nas.analysis.summary import job_summaries

            return job_summaries(store, store.jobs.list())

    def job(self, name: str) -> dict[str, Any]:
        """One job."""
        from nas.analysis.summary import job_summary

        with opened_job(name) as (store, found):
            return job_summary(store, found)

    def events(self, name: str, after: int, follow: bool) -> Iterator[dict[str, Any]]:
        """A job's events; following, until it is over."""
        from nas.analysis.events import event_json
        from nas.store.records import OVER

        with opened_job(name) as (store, found):
            while True:
                over = store.jobs.get(name).state in OVER  # asked first: nothing comes after it
                while batch := store.jobs.events(found.id, after):
                    yield from map(event_json, batch)
                    after = batch[-1].id
                if over or not follow:
                    return
                time.sleep(_LOOK_SECONDS)

    def change(self, name: str, verb: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Do one of ``VERBS``."""
        from nas.analysis.summary import job_summary
        from nas.holding import control

        acts: dict[str, Callable[..., Job]] = {
            "pause": control.pause,
            "cancel": control.cancel,
            "resume": control.requeue,
            "retry": control.retry,
            "priority": control.set_priority,
        }
        with opened_job(name) as (store, found):
            return job_summary(store, acts[verb](store, found, **body))

    def delete(self, name: str) -> None:
        """Forget a job and sweep its files."""
        from nas.holding import control
        from nas.home import Home
        from nas.sweeping import sweep_job

        with opened_job(name) as (store, found):
            control.delete(store, found)
        sweep_job(Home.here(), found)


class Remote:
    """A service over HTTP."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs, newest first."""
        found: list[dict[str, Any]] = []
        page = 0
        while len(found) == page * _PAGE:
            page += 1
            found += self._client.get("jobs", page=page, size=_PAGE)
        return found

    def job(self, name: str) -> dict[str, Any]:
        """One job."""
        found: dict[str, Any] = self._client.get(self._client.job_path(name))
        return found

    def events(self, name: str, after: int, follow: bool) -> Iterator[dict[str, Any]]:
        """A job's events; following, until it is over."""
        if follow:
            yield from self._client.events(name, after)
            return
        while batch := self._client.listed_events(name, after):
            yield from batch
            after = batch[-1]["id"]

    def change(self, name: str, verb: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Do one of ``VERBS``."""
        found: dict[str, Any] = self._client.post(self._client.job_path(name, verb), body)
        return found

    def delete(self, name: str) -> None:
        """Forget a job; the service sweeps its files."""
        self._client.delete(self._client.job_path(name))

"""The thread that keeps MLflow up to date; the search never waits for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nas.store.store import Store
from nas.tracking.links import Pages, TrackedRun
from nas.tracking.place import explained

if TYPE_CHECKING:
    from nas.tracking.job_export import JobExport

_LONGEST_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class ExportOutcome:
    """How far MLflow got.

    Attributes:
        up_to_date: everything in the store is in MLflow.
        reason: why not; empty otherwise.
        event: the last that MLflow has, where it has everything.
    """

    up_to_date: bool
    reason: str = ""
    event: int = 0


class Exporter:
    """Follows a job's events in the store and writes them to MLflow on a thread of its own.

    It may be killed at any moment: the next one goes on where the last stopped, and nothing is
    recorded twice. Where MLflow doesn't answer it tries again, later and later.
    """

    def __init__(
        self,
        store_url: str,
        job_name: str,
        tracking_uri: str,
        artifact_location: str | None = None,
        *,
        poll_seconds: float = 0.5,
        front_seconds: float = 10.0,
    ) -> None:
        """Nothing is opened or imported before ``start``.

        Args:
            store_url: of our store.
            job_name: of the job to follow.
            tracking_uri: ``sqlite:///PATH`` or ``http://…``.
            artifact_location: folder for the artifacts; None: the tracking server's own.
            poll_seconds: how often the store is asked for events.
            front_seconds: the front is written at most this often, and at the end.
        """
        self._store_url = store_url
        self._job_name = job_name
        self._tracking_uri = tracking_uri
        self._artifact_location = artifact_location
        self._poll_seconds = poll_seconds
        self._front_seconds = front_seconds
        self._closing = threading.Event()
        self._abandoned = threading.Event()
        self._reason = "MLflow has not answered yet"
        self._event = 0
        self._store: Store | None = None
        self._thread = threading.Thread(target=self._run, name="mlflow-export", daemon=True)

    def start(self) -> Exporter:
        """Start the thread and give the exporter back."""
        self._thread.start()
        return self

    def close(self, timeout_seconds: float = 30.0) -> ExportOutcome:
        """Write what is left and stop; returns after the timeout in any case."""
        self._closing.set()
        self._thread.join(timeout_seconds)
        if not self._thread.is_alive():
            if self._store is not None:
                self._store.close()
            return ExportOutcome(not self._reason, self._reason, self._event)
        self._abandoned.set()
        why = self._reason or "it was still writing"
        return ExportOutcome(False, f"after {timeout_seconds:g} s: {why}")

    def _run(self) -> None:
        export: JobExport | None = None
        wait = self._poll_seconds
        while True:
            last = self._closing.is_set()  # read first: what comes later is in the store by then
            try:
                export = export or self._open()
                if export.advance(hurry=last, stop=self._abandoned.is_set):
                    self._reason, self._event = "", export.read
                wait = self._poll_seconds
            except Exception as error:  # of many kinds; none may reach the search
                self._reason = explained(error, self._tracking_uri)
                export = None
                wait = min(_LONGEST_WAIT_SECONDS, max(1.0, 2 * wait))
            if last or self._abandoned.is_set():
                return
            self._closing.wait(wait)

    def _open(self) -> JobExport:
        # Importing mlflow takes seconds, so the thread does it.
        from nas.tracking.job_export import JobExport
        from nas.tracking.mlflow_records import MlflowRecords

        if self._store is None:
            self._store = Store(self._store_url)
        job = self._store.jobs.get(self._job_name)
        records = MlflowRecords(self._tracking_uri, self._artifact_location, job, Pages.here())
        if TrackedRun.of(job.details) != records.run:
            self._store.jobs.add_details(job.id, records.run.details())
        return JobExport(self._store, job.name, records, self._front_seconds)

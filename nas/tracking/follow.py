"""MLflow beside a job that is being driven: starts with it, ends with it, never in its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

from nas.errors import StoreUnreachable
from nas.home import Home
from nas.store.records import Job
from nas.store.store import Store
from nas.tracking.exporter import Exporter
from nas.tracking.place import Place

#: Waited at the end for what MLflow still lacks; a server that refuses costs no wait.
CLOSE_SECONDS = 60.0
_INTERRUPTED_SECONDS = 5.0


def wanted(job: Job) -> bool:
    """Whether the job file wants MLflow to have it."""
    return bool(job.spec.get("tracking", {}).get("enabled", True))


def following(
    store: Store, home: Home, job: Job, say: Callable[[str], None]
) -> AbstractContextManager[object]:
    """An exporter around the work on a job, where the job file wants one.

    Args:
        store: where the job is recorded; the exporter opens the same database by itself.
        home: says where MLflow's files are if no server is named.
        job: to follow.
        say: told what MLflow lacks in the end, if anything.
    """
    if not wanted(job):
        return nullcontext()
    return _exporting(store, Place.of(home), job, say)


@contextmanager
def _exporting(
    store: Store, place: Place, job: Job, say: Callable[[str], None]
) -> Iterator[Exporter]:
    url = store.engine.url.render_as_string(hide_password=False)
    exporter = Exporter(url, job.name, place.tracking_uri, place.artifact_location).start()
    seconds = _INTERRUPTED_SECONDS
    try:
        yield exporter
        seconds = CLOSE_SECONDS
    finally:
        outcome = exporter.close(seconds)
        if outcome.up_to_date:
            with suppress(StoreUnreachable):  # then it is looked at again, for nothing
                store.jobs.set_tracked(job.id, outcome.event)
        else:
            say(
                f"MLflow lacks a part of this job ({outcome.reason}); the service or "
                f"nas resume {job.name} adds it"
            )

"""MLflow beside a job that is being driven: starts with it, ends with it, never in its way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from nas.home import Home
from nas.store.records import Job
from nas.store.store import Store
from nas.tracking.exporter import Exporter
from nas.tracking.place import Place

#: Waited at the end for what MLflow still lacks; a server that refuses costs no wait.
CLOSE_SECONDS = 60.0
_INTERRUPTED_SECONDS = 5.0


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
    if not job.spec.get("tracking", {}).get("enabled", True):
        return nullcontext()
    url = store.engine.url.render_as_string(hide_password=False)
    return _exporting(url, Place.of(home), job.name, say)


@contextmanager
def _exporting(
    store_url: str, place: Place, job: str, say: Callable[[str], None]
) -> Iterator[Exporter]:
    exporter = Exporter(store_url, job, place.tracking_uri, place.artifact_location).start()
    seconds = _INTERRUPTED_SECONDS
    try:
        yield exporter
        seconds = CLOSE_SECONDS
    finally:
        outcome = exporter.close(seconds)
        if not outcome.up_to_date:
            say(f"MLflow lacks a part of this job ({outcome.reason}); nas resume {job} adds it")

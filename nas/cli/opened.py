"""Opening the store to look at it: a home that doesn't exist is empty, and stays so.

With ``NAS_SERVER`` set, a job comes from there and lies in a store in memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nas.errors import NotFound, UsageProblem
from nas.home import Home

if TYPE_CHECKING:
    from nas.client import Client
    from nas.store.records import Job
    from nas.store.store import Store


def server() -> Client | None:
    """The service of ``NAS_SERVER``, if it is set; without loading what speaks HTTP otherwise."""
    if not _named():
        return None
    from nas.client import Client

    return Client.here()


def refuse_from_afar(what: str) -> None:
    """Refuse what only the service's own machine can do, before a store of this one takes it.

    Args:
        what: is done, as the beginning of a sentence.
    """
    if _named():
        raise UsageProblem(f"{what} on the service's own machine; to do so here, unset NAS_SERVER")


def _named() -> str:
    return os.environ.get("NAS_SERVER", "").strip()


@contextmanager
def existing_store() -> Iterator[Store | None]:
    """The store, or None where nothing was recorded yet; nothing is created."""
    home = Home.here()
    if not home.has_store:
        yield None
        return
    from nas.store.store import Store

    store = Store(home.store_url)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def opened_job(name: str) -> Iterator[tuple[Store, Job]]:
    """A job by name or id, with its store; to look at, where it comes from a service.

    Raises:
        NotFound: with the nearest name.
    """
    remote = server()
    if remote is not None:
        from nas.store.copying import store_of

        store = store_of(remote.get(remote.job_path(name, "records")))
        (job,) = store.jobs.list()
        yield store, job
        return
    with existing_store() as here:
        if here is None:
            raise NotFound("job", name)
        yield here, here.jobs.get(name)

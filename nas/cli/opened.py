"""Opening the store to look at it: a home that doesn't exist is empty, and stays so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nas.errors import NotFound
from nas.home import Home

if TYPE_CHECKING:
    from nas.store.records import Job
    from nas.store.store import Store


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
    """A job by name or id, with its store.

    Raises:
        NotFound: with the nearest name.
    """
    with existing_store() as store:
        if store is None:
            raise NotFound("job", name)
        yield store, store.jobs.get(name)

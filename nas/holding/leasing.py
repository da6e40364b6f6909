"""Driving a job: its lease is held by a thread that shows signs of life and hears requests."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from nas.errors import LeaseLost, StoreUnreachable, WrongState
from nas.holding.holder import is_here, myself, process_of, seems_gone
from nas.holding.watch import BEAT_SECONDS, LEASE_SECONDS, Watch
from nas.store.leases import Holding, Leases
from nas.store.records import Job, Request
from nas.store.store import Store
from nas.store.transactions import Lease

log = logging.getLogger("nas.lease")

#: A database that goes away while a job runs is waited for so long; training goes on meanwhile.
PATIENCE_SECONDS = 600.0


class Heart:
    """A thread that shows signs of life until it is closed, or what it holds is another's.

    Args:
        beat: one sign of life.

    Attributes:
        lost: whether ``beat`` found that another process has it now.
    """

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat
        self.lost = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Show no more signs of life."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        # A database that doesn't answer is waited for: if somebody else takes over meanwhile, the
        # first beat after it says so.
        last = time.monotonic()
        while not self._closing.is_set():
            try:
                self._beat()
            except LeaseLost:
                self.lost = True
                return
            except StoreUnreachable:
                pass
            now = time.monotonic()
            if now - last > LEASE_SECONDS / 2:
                log.warning("no sign of life for %.0f s: this machine is very busy", now - last)
            last = now
            self._closing.wait(BEAT_SECONDS)


class Held:
    """A job's lease while this process drives it.

    Attributes:
        lease: what writes are checked against.
        store: that writes nothing any more once the lease is another's.
    """

    def __init__(self, store: Store, lease: Lease) -> None:
        self.lease = lease
        self.store = store.under(lease, PATIENCE_SECONDS)
        self._leases = Leases(store.engine)  # in no wait for the database: there is a next beat
        self._request: Request = ""
        self._heart = Heart(self._beat)

    @property
    def request(self) -> Request:
        """What the driver is asked to do.

        Raises:
            LeaseLost: if another process drives the job now.
        """
        if self._heart.lost:
            raise LeaseLost(f"job {self.lease.job_id} is driven by another process now")
        return self._request

    def close(self) -> None:
        """Show no more signs of life."""
        self._heart.close()

    def _beat(self) -> None:
        self._request = self._leases.beat(self.lease)


@contextmanager
def driving(store: Store, job: Job, lease: Lease | None = None) -> Iterator[Held]:
    """Hold a job for this process.

    Args:
        store: where the job is recorded.
        job: to be driven.
        lease: that a dispatcher took for this process; None: it is taken now.

    Raises:
        WrongState: if another process drives it.
        LeaseLost: if another process drives it by now.
    """
    if lease is None:
        lease = _taken(store, job)
    else:
        store.leases.adopt(lease, myself())
    held = Held(store, lease)
    try:
        yield held
    finally:
        held.close()
        with suppress(StoreUnreachable):  # it goes stale by itself
            Leases(store.engine).release(lease)


def is_driven(held: Holding | None) -> bool:
    """Whether some process holds a job of this lease, as far as can be told at once."""
    # By the clocks of two machines, so with a wide margin.
    return held is not None and not seems_gone(held.holder, held.beat_ms, 5000 * LEASE_SECONDS)


def _taken(store: Store, job: Job) -> Lease:
    """Take what is free, or what a dead holder left; one of another machine is watched first."""
    watch, begun = Watch(), None
    while (held := store.leases.of(job.id)) is not None and not watch.stale([held]):
        begun = held.beats if begun is None else begun
        if is_here(held.holder) or held.beats != begun:
            where = process_of(held.holder)
            raise WrongState(f"job {job.name!r} is being driven already, by {where}")
        time.sleep(0.5)
    return store.leases.take(job.id, myself(), held).lease

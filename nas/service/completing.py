"""Sees that MLflow comes to have what it lacks of jobs that nobody drives any more."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection

from nas.errors import WrongState
from nas.home import Home
from nas.service.children import Child, start
from nas.store.leases import Holding
from nas.store.records import Job
from nas.store.store import Store
from nas.tracking.follow import wanted

log = logging.getLogger("nas.dispatcher")

#: Seconds between two looks, doubled while MLflow refuses, up to the longest.
FIRST_WAIT, LONGEST_WAIT = 5.0, 600.0


class Completing:
    """One child at a time, under the job's lease, which only writes records.

    A driver that MLflow did not answer at its end, or that died after the job's, leaves them
    behind.

    Args:
        store: with the jobs.
        home: of the logs.
        me: the dispatcher.
        module: that the child runs.
        clock: seconds, rising.
    """

    def __init__(
        self,
        store: Store,
        home: Home,
        me: str,
        module: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._home, self._me, self._module = store, home, me, module
        self._clock = clock
        self._due, self._wait = clock() + FIRST_WAIT, FIRST_WAIT
        self._tries: dict[int, int] = {}
        self.children: list[Child] = []

    def look(self, held: Collection[Holding], stale: Collection[Holding]) -> None:
        """Begin with the next job if there is one and it is time.

        Args:
            held: all leases.
            stale: those whose holders are gone.
        """
        running = [child for child in self.children if not child.over]
        if running or self._clock() < self._due:
            return
        behind = self._wanted()
        self._reckon({job.id for job in behind})
        self._due = self._clock() + self._wait
        gone = {lease.job_id: lease for lease in stale}
        self._forget(gone, behind)
        # Whoever waits to go on with a job tells MLflow himself.
        busy = {lease.job_id for lease in held} - gone.keys()
        open_ = [*self._store.tasks.list("queued"), *self._store.tasks.list("running")]
        busy |= {task.job_id for task in open_ if task.job_id is not None}
        free = [job for job in behind if job.id not in busy]
        if free:
            # One that can't be written must not be in the way of others.
            job = min(free, key=lambda job: (self._tries.get(job.id, 0), job.id))
            self._begin(job, gone.get(job.id))

    def _wanted(self) -> list[Job]:
        """Jobs that MLflow lacks something of; what it is not to have is ticked off."""
        found = []
        for job in self._store.jobs.untracked():
            if wanted(job):
                found.append(job)
            else:
                self._store.jobs.set_tracked(job.id, self._store.jobs.last_event(job.id))
        return found

    def _begin(self, job: Job, old: Holding | None) -> None:
        try:
            holding = self._store.leases.take(job.id, self._me, old)
        except WrongState:
            return  # somebody was faster
        where = self._home.job_log(job.name)
        self.children = [start(self._module, job.name, holding, where)]
        self._tries[job.id] = self._tries.get(job.id, 0) + 1

    def _reckon(self, behind: Collection[int]) -> None:
        """What came of the last child."""
        for child in self.children:
            assert isinstance(child.held, Holding)
            if child.held.job_id in behind:
                self._wait = min(LONGEST_WAIT, 2 * self._wait)
            else:
                self._wait = FIRST_WAIT
                log.info("MLflow has %s whole", child.name, extra={"job": child.name})
        self.children = []
        self._tries = {key: count for key, count in self._tries.items() if key in behind}

    def _forget(self, gone: dict[int, Holding], behind: Collection[Job]) -> None:
        """Give back what the dead hold of jobs on which nothing is left to do."""
        left = {job.id for job in behind}
        over = {job.id for job in self._store.jobs.each(gone) if job.state not in _GOES_ON}
        for job_id, lease in gone.items():
            if job_id in over - left:
                self._store.leases.release(lease.lease)


_GOES_ON = ("queued", "running")

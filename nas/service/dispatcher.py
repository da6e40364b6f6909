"""Takes queued jobs and tasks, and sees that each has one process that works on it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

from nas.errors import StoreUnreachable
from nas.holding.holder import is_gone, is_here, myself
from nas.holding.watch import BEAT_SECONDS, Watch
from nas.home import Home
from nas.service.children import Child, start, stop
from nas.service.completing import Completing
from nas.store.leases import Holding
from nas.store.queue import Waiting
from nas.store.store import Store
from nas.store.tasks import ServiceTask

log = logging.getLogger("nas.dispatcher")

#: Seconds between two looks at the queue.
POLL_SECONDS = 0.5

#: Seconds that jobs get to end cleanly when the dispatcher is stopped.
GRACE_SECONDS = 60.0

#: A job whose drivers died so often without a report is given up.
MAX_TAKEOVERS = 3

_DRIVE, _DO = "nas.service.driving", "nas.service.doing"


class Dispatcher:
    """One of any number of dispatchers of a store.

    It drives nothing itself: a job's child process holds the lease and goes on if the dispatcher
    dies. What children of dead dispatchers, or dead children, leave behind is found by watching
    leases.

    Args:
        store: with the queue.
        home: of the logs.
        slots: jobs at once on this machine, whoever started them.
        task_slots: tasks at once.
        beside: called at every look; housekeeping.
    """

    def __init__(
        self,
        store: Store,
        home: Home,
        slots: int = 1,
        task_slots: int = 1,
        beside: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._home = store, home
        self._slots, self._task_slots = slots, task_slots
        self._beside = beside
        self._me = myself()
        self._leases: Watch = Watch()
        self._tasks: Watch = Watch()
        self._jobs: list[Child] = []
        self._doing: list[Child] = []
        self._completing = Completing(store, home, self._me, _DRIVE)
        self._stopping = threading.Event()
        self._asked_to_yield: set[str] = set()
        self._away = False
        self._due = 0.0

    def run(self) -> None:
        """Until ``stop``; a database that goes away is waited for."""
        log.info("dispatcher is up", extra={"slots": self._slots})
        while not self._stopping.is_set():
            try:
                self.look()
                self._away = False
            except StoreUnreachable as error:
                if not self._away:
                    log.warning("the store doesn't answer, trying again: %s", error)
                self._away = True
            self._stopping.wait(POLL_SECONDS)
        self._end()

    def stop(self) -> None:
        """End after the current look: jobs are stopped cleanly and queued again."""
        self._stopping.set()

    def look(self) -> None:
        """One look at leases, queue and tasks."""
        self._appear()
        orphans = self._reap()
        held = self._store.leases.list()
        stale = [*self._leases.stale(held), *_still(held, orphans)]
        self._start_jobs(held, stale)
        self._start_tasks()
        self._completing.look(held, stale)
        self._beside()

    def _appear(self) -> None:
        """Show a sign of life if one is due: a look that finds nothing to do writes nothing."""
        now = time.monotonic()
        if now >= self._due:
            self._store.leases.appear(self._me, self._slots)
            self._due = now + BEAT_SECONDS

    def _reap(self) -> list[Child]:
        """Forget children that ended; gives those that may have ended before they began."""
        ended = [child for child in [*self._jobs, *self._doing] if child.over]
        for child in ended:
            code = child.process.returncode
            task = isinstance(child.held, ServiceTask)
            (log.info if code == 0 else log.warning)(
                "%s ended with status %s",
                f"task {child.name}" if task else child.name,
                code,
                extra={"task" if task else "job": child.name},
            )
        self._jobs = [child for child in self._jobs if not child.over]
        self._doing = [child for child in self._doing if not child.over]
        return [child for child in ended if child.process.returncode != 0]

    def _start_jobs(self, held: list[Holding], stale: list[Holding]) -> None:
        if not self._store.queue.waiting(stale):
            return  # a claim would lock the database, twice a second
        gone = {lease.token for lease in stale}
        here = [h for h in held if is_here(h.holder) and not is_gone(h.holder)]
        gone |= _tokens(self._completing.children)
        busy = len({h.token for h in here if h.token not in gone} | _tokens(self._jobs))
        while busy < self._slots:
            claimed = self._store.queue.claim(self._me, stale)
            if claimed is None:
                return
            job, holding = claimed
            if holding.takeovers > MAX_TAKEOVERS:
                self._give_up(job, holding)
                continue
            self._jobs.append(
                start(_DRIVE, job.name, holding, self._home.job_log(job.name), job.priority)
            )
            log.info("started %s", job.name, extra={"job": job.name})
            busy += 1
        self._make_room(stale)

    def _make_room(self, stale: list[Holding]) -> None:
        """Ask the least urgent job of ours to yield if a more urgent one waits."""
        waiting = self._store.queue.waiting(stale)
        if not waiting or not self._jobs:
            return
        least = min(self._jobs, key=lambda child: child.priority)
        if least.priority >= waiting[0].priority or least.held.token in self._asked_to_yield:
            return
        self._asked_to_yield.add(least.held.token)
        self._store.jobs.ask(_job_id(least), "yield")
        log.info("%s makes room for %s", least.name, waiting[0].name, extra={"job": least.name})

    def _give_up(self, job: Waiting, holding: Holding) -> None:
        told = (
            f"its driver died {holding.takeovers} times in a row without getting any further; "
            f"see {self._home.job_log(job.name)}"
        )
        self._store.under(holding.lease, 0.0).jobs.set_state(job.id, "failed", told)
        self._store.leases.release(holding.lease)
        log.error("%s: %s", job.name, told, extra={"job": job.name})

    def _start_tasks(self) -> None:
        stale = self._tasks.stale(self._store.tasks.list("running"))
        if not stale and not self._store.tasks.list("queued"):
            return  # a claim would lock the database, twice a second
        while len(self._doing) < self._task_slots:
            task = self._store.tasks.claim(self._me, stale)
            if task is None:
                return
            where = self._home.logs / "tasks" / f"{task.id}.log"
            self._doing.append(start(_DO, str(task.id), task, where))
            log.info("started task %s: %s", task.id, task.kind)

    def _end(self) -> None:
        killed = stop([*self._jobs, *self._doing, *self._completing.children], GRACE_SECONDS)
        for child in killed:
            log.warning("%s did not end in time and was killed", child.name)
        try:
            self._store.leases.leave(self._me)
        except StoreUnreachable:
            log.warning("the store doesn't answer; it is not told that this dispatcher is gone")
        log.info("dispatcher is down")


def _job_id(child: Child) -> int:
    assert isinstance(child.held, Holding)
    return child.held.job_id


def _tokens(children: Iterable[Child]) -> set[str]:
    return {child.held.token for child in children}


def _still(held: list[Holding], children: list[Child]) -> list[Holding]:
    """Leases whose child ended before it took them over from the dispatcher."""
    tokens = _tokens(child for child in children if not isinstance(child.held, ServiceTask))
    return [lease for lease in held if lease.token in tokens and not is_gone(lease.holder)]

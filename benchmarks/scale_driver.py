"""What a driver costs: the real loop on a real store, with workers that take no time."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from scale_store import empty_spec, found

from nas.holding.leasing import driving
from nas.jobs.progress import searching, sparing
from nas.jobs.submission import submit
from nas.meter import Meter
from nas.plan import Plan
from nas.search.book import TrialBook
from nas.search.drive import drive
from nas.search.loop import Search
from nas.search.room import Room, kept
from nas.search.share import SearchShare
from nas.store.store import Store
from workers.inline import executor
from workers.protocol import Answer, Lost, Task


class SimulatedWorkers:
    """Any number of workers that train nothing, in this process.

    Args:
        size: how many.
        seconds: that a task takes; 0: it is done when it is waited for.
    """

    def __init__(self, size: int, seconds: float = 0.0) -> None:
        self.size, self._seconds = size, seconds
        self._out: deque[tuple[float, Task]] = deque()
        self._execute = executor("workers.synthetic:execute")

    def free(self) -> int:
        """How many would take a task now."""
        return self.size - len(self._out)

    def submit(self, task: Task) -> None:
        """Begin a task."""
        self._out.append((time.monotonic() + self._seconds, task))

    def wait(self, timeout: float | None = None) -> list[Answer | Lost]:
        """What is done by now; sleeps until the first is."""
        if not self._out:
            return []
        rest = self._out[0][0] - time.monotonic()
        if rest > 0:
            time.sleep(rest if timeout is None else min(rest, timeout))
        now, answers = time.monotonic(), []
        while self._out and self._out[0][0] <= now:
            answers.append(self._execute(self._out.popleft()[1], {}))
        return answers

    def close(self) -> None:
        """Forget what runs."""
        self._out.clear()


@dataclass(frozen=True)
class Cost:
    """What a search took its driver.

    Attributes:
        reports: that were recorded.
        seconds: from the first suggestion to the last record; ``cpu`` of them of a core.
    """

    reports: int
    seconds: float
    cpu: float

    @property
    def per_report(self) -> float:
        """Milliseconds of CPU."""
        return 1000 * self.cpu / self.reports

    @property
    def share(self) -> float:
        """Of one core."""
        return self.cpu / self.seconds


def searched(
    store: Store, folder: Path, trials: int, sampler: str, workers: SimulatedWorkers
) -> Cost:
    """Search with pause and promote, under a lease, with charges and the cache, as a job does."""
    spec = empty_spec(f"empty-{trials}-{sampler}-{workers.size}", trials, sampler=sampler)
    job = submit(store, spec, found(spec.search_space()))
    with driving(store, job) as held:
        store = held.store
        book = TrialBook(Plan.of(job, folder), store)
        began, spent = time.perf_counter(), time.process_time()
        with Meter(store, job) as meter:
            search = Search(book.plan, book, None, SearchShare(meter, book))
            source = kept(search, Room(book, store), book, store)
            drive(workers, source, sparing(lambda: _looked_at(book)), meter)
            search.close()
        cpu, seconds = time.process_time() - spent, time.perf_counter() - began
    assert len(book.trials) == trials
    return Cost(sum(map(len, book.reports.values())), seconds, cpu)


def _looked_at(book: TrialBook) -> None:
    """What a driver tells of its progress."""
    searching(book)

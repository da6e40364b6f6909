"""Keep a pool of workers busy with what a source hands out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from workers.inline import WorkerPool
from workers.protocol import Answer, Lost, Task


class Source(Protocol):
    """Something that has work and takes the answers."""

    def next_task(self) -> Task | None:
        """The next piece of work, or None if there is none before an answer comes."""

    def take(self, answer: Answer | Lost) -> None:
        """Record an answer."""


def drive(pool: WorkerPool, source: Source, observe: Callable[[], None] = lambda: None) -> None:
    """Run a source to its end: no work left and none in flight.

    Args:
        pool: the workers.
        source: what to do.
        observe: called whenever all workers are busy, or nothing is left for them.
    """
    in_flight = 0
    while True:
        while pool.free() and (task := source.next_task()) is not None:
            pool.submit(task)
            in_flight += 1
        observe()
        if not in_flight:
            return
        for answer in pool.wait(None):
            in_flight -= 1
            source.take(answer)

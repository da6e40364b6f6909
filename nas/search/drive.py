"""Keep a pool of workers busy with what a source hands out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from nas.search.stop import Control, Unhindered
from workers.inline import WorkerPool
from workers.protocol import Answer, Lost, Task
from workers.sound import sound


class Source(Protocol):
    """Something that has work and takes the answers."""

    def next_task(self) -> Task | None:
        """The next piece of work, or None if there is none before an answer comes."""

    def take(self, answer: Answer | Lost) -> None:
        """Record an answer."""


class Account(Protocol):
    """Who is told what workers do, and says when they must stop; see ``nas.meter.Meter``."""

    def began(self, task: Task) -> None:
        """A worker has got a task."""

    def ended(self, answer: Answer | Lost) -> None:
        """A task has come back."""

    def struck(self) -> bool:
        """Whether a limit is reached, so that nothing may run any longer."""

    def stop(self) -> None:
        """What was running was stopped."""

    def patience(self) -> float | None:
        """Seconds to wait for answers before looking again; None: as long as it takes."""

    def beat(self) -> None:
        """Called at every look."""


class Unmetered:
    """An account that keeps none."""

    def began(self, task: Task) -> None:
        """Nothing."""

    def ended(self, answer: Answer | Lost) -> None:
        """Nothing."""

    def struck(self) -> bool:
        """Never."""
        return False

    def stop(self) -> None:
        """Nothing."""

    def patience(self) -> float | None:
        """As long as it takes."""
        return None

    def beat(self) -> None:
        """Nothing."""


#: Whether a training of so many epochs may begin; the second argument names a trial of its speed.
Fits = Callable[[int, int | None], bool]


def unlimited(epochs: int, number: int | None) -> bool:
    """Everything fits."""
    return True


def drive(
    pool: WorkerPool,
    source: Source,
    observe: Callable[[], None] = lambda: None,
    account: Account | None = None,
    control: Control | None = None,
) -> None:
    """Run a source to its end: no work left and none in flight, a limit struck, or a stop.

    A limit of time closes the pool, which kills what runs: those tasks never come back. So does a
    stop that can't wait; one that can lets what runs come to its end. While no worker is up, one
    task waits for the first. An answer that nobody waits for changes nothing.

    Args:
        pool: the workers.
        source: what to do.
        observe: called whenever all workers are busy, or nothing is left for them.
        account: of what workers do; by default nobody counts.
        control: asked at every look whether to go on; by default nobody stops it.
    """
    account, control = account or Unmetered(), control or Unhindered()
    out: set[str] = set()
    ahead: Task | None = None
    while True:
        while not control.stop() and (pool.free() or not out):
            ahead = ahead or source.next_task()
            if ahead is None or not pool.free():
                break
            pool.submit(ahead)
            account.began(ahead)
            out.add(ahead.key)
            ahead = None
        observe()
        if not out and (ahead is None or control.stop()):
            if ahead is not None:
                source.take(Lost(ahead.key, "no worker had it", "node"))
            return
        answers = _wait(pool, account, control, bool(out))
        if answers is None:
            pool.close()
            account.stop()
            return
        for answer in map(sound, answers):
            if answer.key in out:
                out.remove(answer.key)
                account.ended(answer)
                source.take(answer)


def _wait(
    pool: WorkerPool, account: Account, control: Control, working: bool
) -> list[Answer | Lost] | None:
    """Answers; none where another worker has come up, or nobody works and all is to stop.

    Returns:
        None where all must end at once.
    """
    free = pool.free()
    while True:
        if control.stop() == "kill":
            return None
        answers = pool.wait(account.patience())
        if answers or pool.free() > free:
            return answers
        account.beat()
        if account.struck():
            return None
        if control.stop() and not working:
            return []

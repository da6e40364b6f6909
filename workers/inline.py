"""What every worker pool offers, and the one without processes. No torch or Ray import."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Protocol

from workers.errors import PoolError
from workers.protocol import Answer, Lost, Task

#: Does a task; the dictionary lives as long as the worker and keeps what is worth keeping.
Execute = Callable[[Task, dict[str, Any]], Answer]

#: The executor that really trains.
TRAIN = "workers.run:execute"


class WorkerPool(Protocol):
    """Workers that each do one task at a time; used by one driver thread."""

    @property
    def size(self) -> int:
        """How many workers there are."""

    def free(self) -> int:
        """How many of them would take a task now; those that are not up would not."""

    def submit(self, task: Task) -> None:
        """Hand a task to a free worker.

        Raises:
            PoolError: if none is free.
        """

    def wait(self, timeout: float | None = None) -> list[Answer | Lost]:
        """Wait until something has come back or a worker has come up, and take all answers.

        Args:
            timeout: in seconds; None waits as long as it takes.

        Returns:
            Nothing if the time is up, only a worker has come up, or nothing can come.

        Raises:
            WorkerError: if no worker can be had any more.
        """

    def close(self) -> None:
        """Stop all workers at once, whatever they do; a second call does nothing."""


def executor(target: str) -> Execute:
    """Import ``module:function``.

    Raises:
        PoolError: if there is no such function.
    """
    module, _, name = target.partition(":")
    try:
        found: Execute = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise PoolError(
            f"executor {target!r} is not an importable MODULE:FUNCTION: {error}"
        ) from None
    return found


class InlinePool:
    """A pool of one worker that is this very process; ``wait`` does the work.

    For debugging and tests, and for ``workers: {count: 0}``. An exception of the executor itself
    comes straight through.
    """

    def __init__(self, execute: str = TRAIN) -> None:
        self.size = 1
        self._execute = execute
        self._cache: dict[str, Any] = {}
        self._task: Task | None = None

    def free(self) -> int:
        """One until a task is submitted."""
        return 0 if self._task else 1

    def submit(self, task: Task) -> None:
        """Remember a task until ``wait``.

        Raises:
            PoolError: if there is one already.
        """
        if self._task:
            raise PoolError(f"no worker is free for {task.key}; {self._task.key} is in the way")
        self._task = task

    def wait(self, timeout: float | None = None) -> list[Answer | Lost]:
        """Do the task here and now; the timeout can't interrupt it."""
        if self._task is None:
            return []
        task, self._task = self._task, None
        return [executor(self._execute)(task, self._cache)]

    def close(self) -> None:
        """Forget what was kept."""
        self._task = None
        self._cache.clear()

"""Child processes of a dispatcher: one a job, one a task; each with a log file of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from nas.store.leases import Holding
from nas.store.tasks import ServiceTask

#: Where a child finds its lease's token: not in its arguments, which everybody can list.
TOKEN_VARIABLE = "NAS_LEASE_TOKEN"


@dataclass(frozen=True)
class Child:
    """A process that holds a lease, or does a task.

    Attributes:
        held: what it holds; the token stands in its environment.
        priority: of its job.
    """

    held: Holding | ServiceTask
    name: str
    process: subprocess.Popen[bytes]
    priority: int = 0

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None


def start(
    module: str, argument: str, held: Holding | ServiceTask, log: Path, priority: int = 0
) -> Child:
    """Run ``python -m module argument`` with the token of what it holds."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", module, argument],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, TOKEN_VARIABLE: held.token},
            # Ctrl-C in a terminal is for the dispatcher, which asks its children one by one.
            start_new_session=True,
        )
    return Child(held, argument, process, priority)


def stop(children: list[Child], seconds: float) -> list[Child]:
    """Ask all to end, wait, and kill those that don't; gives those."""
    for child in children:
        if not child.over:
            child.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + seconds
    killed = []
    for child in children:
        try:
            child.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
            killed.append(child)
    return killed

"""Keeps the service's processes up: pages in one, the dispatcher in another."""

from __future__ import annotations

import ctypes
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nas.errors import Exit

log = logging.getLogger("nas.serve")

_LIBRARY = ctypes.CDLL(None)

#: Of ``prctl``, in Linux.
_SIGNAL_OF_PARENTS_DEATH = 1

#: Seconds before a process that died is started again: doubled each time, up to the longest.
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0

#: A process that lived so long begins again with the first wait.
STEADY_SECONDS = 60.0

#: Seconds that processes get to end; the dispatcher gives its jobs less than that.
GRACE_SECONDS = 75.0


@dataclass
class _Kept:
    """One process and when it may be started (again)."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    wait: float = field(default=FIRST_WAIT)


class Supervisor:
    """Runs commands and starts those again that end.

    Args:
        commands: by the name that is told when one ends.
    """

    def __init__(self, commands: Mapping[str, Sequence[str]]) -> None:
        self._kept = [_Kept(name, command) for name, command in commands.items()]
        self._stopping = threading.Event()

    def run(self) -> int:
        """Until ``stop``; gives 0, or the status of a process that can't start at all."""
        while not self._stopping.is_set():
            for one in self._kept:
                code = self._look(one)
                if code is not None:
                    self._end()
                    return code
            self._stopping.wait(0.1)
        self._end()
        return 0

    def stop(self) -> None:
        """End all processes and return from ``run``."""
        self._stopping.set()

    def _look(self, one: _Kept) -> int | None:
        """Start what is due; a status where it is no use to try again."""
        now = time.monotonic()
        if one.process is None:
            if now >= one.due:
                # A session of its own: Ctrl-C in a terminal is for the supervisor.
                one.process = subprocess.Popen(
                    one.command, start_new_session=True, preexec_fn=_end_with_parent
                )
                one.started = now
            return None
        code = one.process.poll()
        if code is None:
            return None
        one.process = None
        if code in (Exit.USAGE, Exit.NOT_ALLOWED):  # not mended by trying again
            return code
        one.wait = FIRST_WAIT if now - one.started >= STEADY_SECONDS else one.wait
        log.warning("%s ended with status %s; starting it again in %g s", one.name, code, one.wait)
        one.due = now + one.wait
        one.wait = min(LONGEST_WAIT, 2 * one.wait)
        return None

    def _end(self) -> None:
        alive = [one.process for one in self._kept if one.process is not None]
        for process in alive:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for process in alive:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _end_with_parent() -> None:
    """In a new process: SIGTERM when the supervisor dies, however it does; the port gets free."""
    if sys.platform == "linux":
        _LIBRARY.prctl(_SIGNAL_OF_PARENTS_DEATH, signal.SIGTERM)

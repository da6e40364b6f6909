"""Who holds a lease: a process on a machine, told so that its death can be seen."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path


def myself() -> str:
    """This process: ``HOST/PID/START``, not to be confused with a later one of its number."""
    return f"{_host()}/{os.getpid()}/{_start_of(os.getpid())}"


def is_gone(holder: str) -> bool:
    """Whether a holder is a process of this machine that lives no more; False if unknown."""
    host, _, rest = holder.partition("/")
    number, _, start = rest.partition("/")
    if host != _host() or not number.isdecimal():
        return False
    found = _start_of(int(number))
    return found == "" or found != start


def seems_gone(holder: str, beat_ms: int, silent_ms: float) -> bool:
    """Whether a holder is gone, or, on another machine, silent for longer by both clocks."""
    if is_here(holder):  # where no clock needs to be asked
        return is_gone(holder)
    return time.time() * 1000 - beat_ms > silent_ms


def is_here(holder: str) -> bool:
    """Whether a holder is a process of this machine."""
    return holder.partition("/")[0] == _host()


def process_of(holder: str) -> str:
    """For people: ``process 4711 on gpu-3``."""
    host, _, rest = holder.partition("/")
    return f"process {rest.partition('/')[0]} on {host.partition('@')[2] or host}"


def _host() -> str:
    """Name and process namespace: two containers may share the one, never both."""
    try:
        space = str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        space = ""
    return f"{space}@{socket.gethostname()}"


def _start_of(process: int) -> str:
    """When a process began, in the system's own ticks; empty if there is none."""
    try:
        told = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        if Path("/proc/self/stat").exists():
            return ""
        return _lives(process)
    # The name in brackets may hold blanks and brackets itself.
    fields = told.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]


def _lives(process: int) -> str:
    """Where there is no /proc: that a process of this number lives, if not which."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "?"

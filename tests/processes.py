"""The command line in a process of its own, as on a machine where nothing was set up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path


def bare_environ(*prefixes: str) -> dict[str, str]:
    """This process's variables without what steers this program, and without ``prefixes``."""
    steering = ("NAS_", "MLFLOW_", *prefixes)
    return {k: v for k, v in os.environ.items() if not k.startswith(steering)}


def nas(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """``nas WORDS`` in a folder, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "nas", *words],
        cwd=folder,
        env=bare_environ() | environ,
        text=True,
        capture_output=True,
        timeout=240,
    )


def lives(process: int) -> bool:
    """Whether a process runs; one that nobody has reaped does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill_marked(mark: str) -> None:
    """SIGKILL to every other process that has a text in its command."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in words and int(process.name) != os.getpid():
            os.kill(int(process.name), signal.SIGKILL)

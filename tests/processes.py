"""The command line in a process of its own, as on a machine where nothing was set up."""

from __future__ import annotations

import os
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

"""Format generated code as a person would: by ruff's defaults."""

from __future__ import annotations

import subprocess
import sys

_RUFF = (sys.executable, "-m", "ruff")
_STDIN = ("--isolated", "--quiet", "--target-version", "py311", "--stdin-filename", "model.py", "-")


def formatted(code: str) -> str:
    """Sort the imports and lay out the code.

    Raises:
        RuntimeError: if ruff can't be run or finds that this is no Python.
    """
    code = _run(code, "check", "--fix-only", "--select", "I", *_STDIN)
    return _run(code, "format", *_STDIN)


def _run(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [*_RUFF, *arguments],
        input=code.encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"ruff {arguments[0]} failed: {done.stderr.decode().strip()}")
    return done.stdout.decode()

"""The web process of ``nas serve``, for as long as a benchmark asks it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Until it answers, at most.
_PATIENCE_SECONDS = 60.0


@contextmanager
def serving(home: Path, store_url: str = "") -> Iterator[tuple[str, int]]:
    """Over a home and its store, or another one: its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "NAS_HOME": str(home), "NAS_STORE_URL": store_url}
    command = [sys.executable, "-m", "dashboard", "--port", str(port)]
    process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _await(f"{address}/healthz")
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _await(address: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)

"""What it costs to let many follow one job: CPU of the web process, delay until an event arrives.

Run: ``python benchmarks/events.py [--followers 100] [--seconds 20] [--rate 10]``. Writes
``benchmarks/results/events.md``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

from nas.store.store import Store

RESULTS = Path(__file__).parent / "results" / "events.md"
TARGET = 0.5


async def follow(port: int, after: int, delays: list[float], seen: list[int]) -> None:
    """Follow job 1 over a plain socket until it is over; notes when each event came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    path = f"/api/v1/jobs/followed/events?after={after}"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    count = 0
    async for line in reader:
        if line.startswith(b"event: end"):
            break
        if line.startswith(b"data: "):
            data = json.loads(line[6:])["data"]
            if "priority" in data:
                count += 1
                delays.append(time.monotonic() - STARTED[data["priority"]])
    seen.append(count)
    writer.close()


STARTED: dict[int, float] = {}


async def measure(store: Store, job: int, port: int, options: argparse.Namespace) -> dict:
    delays: list[float] = []
    seen: list[int] = []
    last = store.jobs.last_event(job)
    followers = [
        asyncio.create_task(follow(port, last, delays, seen)) for _ in range(options.followers)
    ]
    await asyncio.sleep(2)
    cpu, began, number = cpu_of(options.process), time.monotonic(), 0
    while time.monotonic() - began < options.seconds:
        number += 1
        STARTED[number] = time.monotonic()
        await asyncio.to_thread(store.jobs.set_priority, job, number)
        await asyncio.sleep(1 / options.rate)
    spent = (cpu_of(options.process) - cpu) / (time.monotonic() - began)
    store.jobs.set_state(job, "done")
    await asyncio.gather(*followers)
    assert seen == [number] * options.followers, "somebody missed events"
    cuts = quantiles(delays, n=20)
    return {"cpu": spent, "events": number, "p50": cuts[9], "p95": cuts[18]}


def cpu_of(process: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(home: Path) -> Iterator[tuple[int, int]]:
    """The web process: its number and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {**os.environ, "NAS_HOME": str(home), "NAS_STORE_URL": "", "NAS_LOG": "text"}
    command = [sys.executable, "-m", "dashboard", "--port", str(port)]
    process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
    try:
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--followers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=10.0, help="events a second")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        store = Store(f"sqlite:///{home / 'store.db'}")
        job = store.jobs.create("followed", {}, {})
        store.jobs.set_state(job.id, "running")
        with served(home) as (options.process, port):
            found = asyncio.run(measure(store, job.id, port, options))
        store.close()
    text = (
        "# Following a job\n\n"
        f"`python benchmarks/events.py --followers {options.followers} --seconds "
        f"{options.seconds:g} --rate {options.rate:g}` on {platform.machine()}, Python "
        f"{platform.python_version()}, SQLite. Target: less than {TARGET} of a core.\n\n"
        "| followers | events told to each | cores of the web process | delay p50 ms | p95 ms |\n"
        "|---:|---:|---:|---:|---:|\n"
        f"| {options.followers} | {found['events']} | {found['cpu']:.2f} "
        f"| {1000 * found['p50']:.0f} | {1000 * found['p95']:.0f} |\n"
    )
    RESULTS.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()

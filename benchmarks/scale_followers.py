"""What following costs: many clients of one job's stream of events, one web process."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from urllib.parse import urlsplit

from nas.store.records import Job
from nas.store.store import Store

#: Ticks of a second in ``/proc``.
_TICKS = 100


def followed(
    address: str, pid: int, store: Store, job: Job, clients: int, seconds: float, rate: float
) -> tuple[float, int]:
    """Let clients follow a job while it gets events.

    Args:
        address: of the web process.
        pid: its process.
        store: where the events come from.
        job: that is followed.
        clients: at once.
        seconds: that they follow, after they are all there.
        rate: events a second.

    Returns:
        The share of a core that the web process took, and how many events arrived in all.
    """
    return asyncio.run(_followed(address, pid, store, job, clients, seconds, rate))


async def _followed(
    address: str, pid: int, store: Store, job: Job, clients: int, seconds: float, rate: float
) -> tuple[float, int]:
    arrived = [0]
    last = store.jobs.last_event(job.id)
    following = [
        asyncio.create_task(
            _follow(address, f"/api/v1/jobs/{job.name}/events?after={last}", arrived)
        )
        for _ in range(clients)
    ]
    await asyncio.sleep(2.0)
    trial, began, spent = store.trials.get(job.id, 0), time.monotonic(), _cpu(pid)
    while time.monotonic() - began < seconds:
        store.trials.count_attempt(trial)
        await asyncio.sleep(1 / rate)
    await asyncio.sleep(1.0)
    share = (_cpu(pid) - spent) / (time.monotonic() - began)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    return share, arrived[0]


async def _follow(address: str, path: str, arrived: list[int]) -> None:
    place = urlsplit(address)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    head = f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAccept: text/event-stream\r\n\r\n"
    writer.write(head.encode())
    try:
        while line := await reader.readline():
            arrived[0] += line.startswith(b"id:")
    finally:
        writer.close()


def _cpu(pid: int) -> float:
    """Seconds of a core that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS

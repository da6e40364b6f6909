"""What viewers of one live job cost: each follows and refreshes as static/live.js does."""

from __future__ import annotations

import asyncio
import html
import re
import time
from pathlib import Path

import httpx

from nas.store.records import Job
from nas.store.store import Store

#: Ticks of a second in ``/proc``.
_TICKS = 100

#: What is on the screen; charts further down are fetched when they are scrolled to.
_CHARTS = ("front",)


def viewed(
    address: str, pid: int, store: Store, job: Job, viewers: int, seconds: float
) -> tuple[float, float]:
    """Let viewers keep a job's page open while it gets an event a second.

    Args:
        address: of the web process.
        pid: its process.
        store: where the events come from.
        job: that is looked at.
        viewers: at once.
        seconds: that are measured, after all are there.

    Returns:
        The share of a core that the web process took, and seconds between two refreshes of one.
    """
    return asyncio.run(_viewed(address, pid, store, job, viewers, seconds))


async def _viewed(
    address: str, pid: int, store: Store, job: Job, viewers: int, seconds: float
) -> tuple[float, float]:
    limits = httpx.Limits(max_connections=3 * viewers)
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=60) as client:
        crowd = [_Viewer(client, f"/jobs/{job.name}") for _ in range(viewers)]
        tasks = [asyncio.create_task(viewer.look()) for viewer in crowd]
        trial = store.trials.get(job.id, 0)

        async def events(most: float) -> None:
            end = time.monotonic() + most
            while time.monotonic() < end:
                store.trials.count_attempt(trial)
                await asyncio.sleep(1.0)

        await events(8.0)  # they come, and fall into step
        before, spent, began = sum(v.refreshes for v in crowd), _cpu(pid), time.monotonic()
        await events(seconds)
        took = time.monotonic() - began
        share = (_cpu(pid) - spent) / took
        refreshes = sum(v.refreshes for v in crowd) - before
        tasks += [viewer.due for viewer in crowd if viewer.due]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return share, viewers * took / max(1, refreshes)


class _Viewer:
    """One browser without a screen."""

    def __init__(self, client: httpx.AsyncClient, path: str) -> None:
        self.refreshes = 0
        self._client, self._path = client, path
        self._rest, self._last = 1.0, 0.0
        self._tags: dict[str, str] = {}
        self.due: asyncio.Task[None] | None = None

    async def look(self) -> None:
        text = await self._page()
        found = re.search(r'data-events="([^"]+)"', text)
        assert found, "the job is not live"
        headers = {"Accept": "text/event-stream"}
        events = html.unescape(found.group(1))
        async with self._client.stream("GET", events, headers=headers, timeout=None) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data") and self.due is None:
                    self.due = asyncio.create_task(self._refresh())

    async def _refresh(self) -> None:
        await asyncio.sleep(max(0.0, self._last + self._rest - time.monotonic()))
        await self._page()
        for chart in _CHARTS:
            await self._get(f"/api/v1{self._path}/charts/{chart}")
        self.refreshes += 1
        self._last, self.due = time.monotonic(), None

    async def _page(self) -> str:
        text = (await self._get(self._path)).text
        found = re.search(r'data-rest="(\d+)"', text)
        assert found
        self._rest = int(found.group(1)) / 1000
        return text

    async def _get(self, path: str) -> httpx.Response:
        """As a browser asks: with the tag of what it holds."""
        held = self._tags.get(path)
        answer = await self._client.get(path, headers={"If-None-Match": held} if held else {})
        if "etag" in answer.headers:
            self._tags[path] = answer.headers["etag"]
        return answer


def _cpu(pid: int) -> float:
    """Seconds of a core that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS

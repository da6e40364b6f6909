"""Following jobs live: one reader of the store for each followed job, however many follow it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from nas.analysis.events import event_json
from nas.store.records import Event
from nas.store.store import Store

#: Seconds between two looks at the events of a followed job.
POLL_SECONDS = 0.25

#: Looks after which a quiet job is asked for itself: one that was deleted leaves no event.
_PROBE_EVERY = 20

#: Events that a feed remembers; who fell further behind reads from the store, a page at a time.
REMEMBERED = 2000
PAGE = 500

#: States in which nothing follows by itself.
OVER = ("done", "failed", "cancelled", "deleted")

T = TypeVar("T")

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Frame:
    """One event, written once for all who follow."""

    id: int
    text: bytes


class Hub:
    """The feeds of all followed jobs; belongs to the event loop of the first follower.

    Args:
        store: gives the store.
        poll_seconds: between two looks.
        remembered: events that a feed keeps.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        poll_seconds: float = POLL_SECONDS,
        remembered: int = REMEMBERED,
    ) -> None:
        self._store = store
        self._poll, self._remembered = poll_seconds, remembered
        self._feeds: dict[int, _Feed] = {}
        self._threads = ThreadPoolExecutor(4, "events")
        self.followers = 0

    async def follow(
        self, job_id: int, after: int, heartbeat: float = 15.0
    ) -> AsyncGenerator[bytes | None, None]:
        """What happened to a job after an event, then what happens, until the job is over.

        Args:
            job_id: of the job.
            after: id of the last event that is known; 0: none.
            heartbeat: seconds of silence after which an empty sign of life is given.

        Yields:
            frames of a stream of server-sent events; None where there is nothing to tell.
        """
        feed = self._feeds.get(job_id)
        if feed is None:
            feed = self._feeds[job_id] = _Feed(self, job_id)
        feed.followers += 1
        self.followers += 1
        try:
            async for chunk in feed.follow(after, heartbeat):
                yield chunk
        finally:
            self.followers -= 1
            feed.followers -= 1
            if not feed.followers:
                feed.close()
                if self._feeds.get(job_id) is feed:
                    del self._feeds[job_id]

    async def read(self, job_id: int, after: int, limit: int) -> list[Frame]:
        """Events of a job from the store, as frames."""
        return await self._in_thread(
            lambda: [frame(e) for e in self._store().jobs.events(job_id, after, limit)]
        )

    async def last_event(self, job_id: int) -> int:
        """The id of a job's newest event."""
        return await self._in_thread(lambda: self._store().jobs.last_event(job_id))

    async def state(self, job_id: int) -> str:
        """The state of a job; ``deleted`` where there is none any more."""
        state = await self._in_thread(lambda: self._store().jobs.state(job_id))
        return state or "deleted"

    def close(self) -> None:
        """Let all followers go."""
        for feed in self._feeds.values():
            feed.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    @property
    def poll_seconds(self) -> float:
        """Seconds between two looks."""
        return self._poll

    @property
    def remembered(self) -> int:
        """Events that a feed keeps."""
        return self._remembered


class _Feed:
    """The newest events of one job, and who waits for the next."""

    def __init__(self, hub: Hub, job_id: int) -> None:
        self.followers = 0
        self._hub, self._job_id = hub, job_id
        self._frames: deque[Frame] = deque(maxlen=hub.remembered)
        self._floor = self._last = -1  # events after the first, up to the second, are remembered
        self._state = ""
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    def close(self) -> None:
        self._reader.cancel()

    async def follow(self, after: int, heartbeat: float) -> AsyncGenerator[bytes | None, None]:
        while True:
            news = self._news  # taken before looking, so that nothing falls in between
            while after < self._floor:
                missed = await self._hub.read(self._job_id, after, PAGE)
                after = missed[-1].id if missed else self._floor
                yield _joined(missed)
            new = self._since(after)
            if new:
                after = new[-1].id
                yield _joined(new)
            elif self._state in OVER:
                yield ended(self._state, after)
                return
            else:
                try:
                    await asyncio.wait_for(news.wait(), heartbeat)
                except TimeoutError:
                    yield None

    def _since(self, after: int) -> list[Frame]:
        newest: list[Frame] = []
        for each in reversed(self._frames):
            if each.id <= after:
                break
            newest.append(each)
        return newest[::-1]

    async def _read(self) -> None:
        """The one reader: looks at the store, remembers what is new, wakes who waits."""
        away = False
        while True:
            try:
                await self._look()
                away = False
            except Exception as error:
                if not away:
                    _LOG.warning("can't follow job %d for now: %s", self._job_id, error)
                away = True
                await asyncio.sleep(self._hub.poll_seconds)

    async def _look(self) -> None:
        """Read until nothing fails; a job's state is asked for when its events stop coming."""
        if self._last < 0:
            self._last = self._floor = await self._hub.last_event(self._job_id)
        quiet = 0
        while True:
            state = await self._hub.state(self._job_id) if quiet % _PROBE_EVERY == 0 else ""
            # Read after the state, so that no event of a job which is over is missed.
            found = await self._hub.read(self._job_id, self._last, PAGE)
            self._remember(found)
            if state and not found:
                self._state = state
            if found or state:
                self._news.set()
                self._news = asyncio.Event()
            quiet = 0 if found else quiet + 1
            if len(found) < PAGE:
                await asyncio.sleep(self._hub.poll_seconds)

    def _remember(self, frames: Sequence[Frame]) -> None:
        for each in frames:
            if len(self._frames) == self._frames.maxlen:
                self._floor = self._frames[0].id
            self._frames.append(each)
            self._last = each.id


def _joined(frames: Sequence[Frame]) -> bytes:
    return b"".join(each.text for each in frames)


def frame(event: Event) -> Frame:
    """An event as it stands in the stream: a ``message`` whose data is one line of JSON."""
    data = json.dumps(event_json(event), separators=(",", ":"))
    return Frame(event.id, f"id: {event.id}\ndata: {data}\n\n".encode())


def ended(state: str, last: int) -> bytes:
    """The last event of a stream: named ``end``, with the state that the job came to."""
    return f'id: {last}\nevent: end\ndata: {{"state":"{state}"}}\n\n'.encode()

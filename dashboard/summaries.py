"""Summaries of jobs, kept until their jobs change; those of a page are made together."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from dashboard.kept import REST
from nas.analysis.summary import job_summaries
from nas.store.jobs import Stamp
from nas.store.store import Store

#: Seconds for which the clocks of a running job may stand still.
_CLOCK = 2.0


@dataclass(frozen=True)
class _Entry:
    """A summary, for what it is good, and until when it is good for anything."""

    key: tuple[Hashable, ...]
    rested: float
    value: dict[str, Any]


class Summaries:
    """What ``nas list`` and ``nas show`` print, by job.

    Args:
        most: jobs that are remembered.
    """

    def __init__(self, most: int = 5000) -> None:
        self._most = most
        self._entries: dict[int, _Entry] = {}
        self._making = Lock()

    def of(self, store: Store, stamps: Sequence[Stamp]) -> list[dict[str, Any]]:
        """Summaries in the order of the stamps, without jobs that are gone by now."""
        known = self._entries  # replaced as a whole, so that readers need no lock
        if any(not _good(known.get(stamp.id), stamp) for stamp in stamps):
            with self._making:
                known = self._entries = self._made(store, stamps)
        return [known[stamp.id].value for stamp in stamps if stamp.id in known]

    def _made(self, store: Store, stamps: Sequence[Stamp]) -> dict[int, _Entry]:
        """All entries, with those of the stamps made where somebody else didn't meanwhile."""
        known = dict(self._entries)
        missing = [stamp for stamp in stamps if not _good(known.get(stamp.id), stamp)]
        began = time.monotonic()
        jobs = store.jobs.each([stamp.id for stamp in missing])
        summaries = {found["id"]: found for found in job_summaries(store, jobs)}
        ended = time.monotonic()
        rested = ended + REST * (ended - began) / max(1, len(missing))
        for stamp in missing:
            known.pop(stamp.id, None)
            if stamp.id in summaries:
                known[stamp.id] = _Entry(_key(stamp), rested, summaries[stamp.id])
        for oldest in list(known)[: max(0, len(known) - max(self._most, len(stamps)))]:
            del known[oldest]
        return known


def _good(entry: _Entry | None, stamp: Stamp) -> bool:
    """Whether it is of now, or was hard to make just now; what people change is told at once."""
    if entry is None:
        return False
    key = _key(stamp)
    return entry.key == key or (entry.key[0] == key[0] and time.monotonic() < entry.rested)


def _key(stamp: Stamp) -> tuple[Hashable, ...]:
    # The time that a running job was driven grows without events.
    clock = time.monotonic() // _CLOCK if stamp.state == "running" else None
    return (stamp.state, stamp.request, stamp.priority), stamp.last_event, clock

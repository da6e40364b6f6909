"""Which leases stand still. No clock is compared between machines: each watcher uses its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable
from typing import Protocol, TypeVar

from nas.holding.holder import is_gone, is_here

#: Seconds between two signs of life.
BEAT_SECONDS = 3.0

#: Seconds after which a lease that shows none is stale; of a process that lives on this machine
#: it is known that it is only slow, unless it hangs.
LEASE_SECONDS, HANGING_SECONDS = 20.0, 120.0


class Beating(Protocol):
    """Something with signs of life: a lease, or a task that is being done."""

    @property
    def token(self) -> str:
        """Of one holding; another holder has another."""

    @property
    def holder(self) -> str:
        """Who; see ``nas.holding.holder``."""

    @property
    def beats(self) -> int:
        """Signs of life so far."""


T = TypeVar("T", bound=Beating)


class Watch:
    """Remembers when each lease last moved, by a clock that never jumps.

    Args:
        seconds: that a lease of another machine may stand still.
        clock: seconds, rising.
    """

    def __init__(
        self, seconds: float = LEASE_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds, self._clock = seconds, clock
        self._moved: dict[str, tuple[Hashable, float]] = {}

    def stale(self, held: Collection[T]) -> list[T]:
        """Those whose holders are gone: dead on this machine, or without a sign for too long."""
        now = self._clock()
        seen = self._moved
        self._moved = {}
        found = []
        for one in held:
            beats, since = seen.get(one.token, (None, now))
            if beats != one.beats:
                since = now
            self._moved[one.token] = (one.beats, since)
            silent = self._seconds if not is_here(one.holder) else HANGING_SECONDS
            if is_gone(one.holder) or now - since >= silent:
                found.append(one)
        return found

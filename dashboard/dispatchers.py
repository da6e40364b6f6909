"""Which dispatchers are there, by their signs of life as this process sees them come."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from nas.holding.watch import Watch
from nas.store.leases import Dispatcher, Holding
from nas.store.store import Store


@dataclass(frozen=True)
class _Sign:
    token: str
    holder: str
    beats: int


class Alive:
    """Watches dispatchers and leases; safe on several threads."""

    def __init__(self) -> None:
        self._dispatchers: Watch = Watch()
        self._leases: Watch = Watch()
        self._lock = Lock()

    def dispatchers(self, store: Store | None) -> list[tuple[Dispatcher, bool]]:
        """All that did not say goodbye, and whether each shows signs of life."""
        there = store.leases.dispatchers() if store else []
        signs = [_Sign(one.holder, one.holder, one.beat_ms) for one in there]
        with self._lock:
            gone = {sign.holder for sign in self._dispatchers.stale(signs)}
        return [(one, one.holder not in gone) for one in there]

    def leases(self, store: Store) -> tuple[list[Holding], list[Holding]]:
        """All leases, and those of them that are stale."""
        held = store.leases.list()
        with self._lock:
            return held, self._leases.stale(held)

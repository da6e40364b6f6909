"""Answers that many people ask for: made once for all of them, and again when something changed."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")

#: Answers that are kept, and seconds for which they are: what grows without an event, such as the
#: time a running job was driven, is never staler.
MOST, SECONDS = 256, 5.0


class Kept:
    """Answers by key, each valid for one stamp; of those who ask at once, one makes it."""

    def __init__(self, most: int = MOST, seconds: float = SECONDS) -> None:
        self._most, self._seconds = most, seconds
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, stamp: Hashable, make: Callable[[], T]) -> T:
        """The answer of this key and stamp; made if it isn't there or is too old."""
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
        with entry.lock:
            old = time.monotonic() - entry.made > self._seconds
            if entry.stamp != stamp or old:
                entry.value = make()
                entry.stamp, entry.made = stamp, time.monotonic()
            value: T = entry.value
            return value


class _Entry:
    def __init__(self) -> None:
        self.lock = Lock()
        self.stamp: Hashable = None
        self.made = -float("inf")
        self.value: Any = None

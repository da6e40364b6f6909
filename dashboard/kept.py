"""Answers that many people ask for: made once for all of them, and again when something changed."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")

#: An answer that took a second to make is good for so many seconds, whatever changed since: while a
#: job runs, at most one part in six of a core goes into making it again and again.
REST = 5.0


class NotYetError(Exception):
    """The answer is being made and there is no older one; ask again."""


class Kept:
    """Answers by key, each good for one stamp; of those who ask at once, one makes it."""

    def __init__(self, most: int = 256, rest: float = REST) -> None:
        self._most, self._rest = most, rest
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(1, "kept")

    def get(self, key: Hashable, stamp: Hashable, make: Callable[[], T]) -> T:
        """The answer of this key and stamp; made if it isn't there."""
        value: T = self._entry(key).get(stamp, make, self._rest)
        return value

    def get_soon(
        self, key: Hashable, stamp: Hashable, make: Callable[[], T], patience: float = 0.3
    ) -> T:
        """The same for what may take long: the older answer while the new one is being made.

        Args:
            key: of the answer.
            stamp: for which it is good.
            make: runs on a thread beside.
            patience: seconds to wait for the first answer.

        Raises:
            NotYetError: if it isn't there in time.
        """
        entry = self._entry(key)
        with self._lock:
            if entry.coming is None or entry.coming.done():
                entry.coming = self._threads.submit(entry.get, stamp, make, self._rest)
            coming = entry.coming
        try:
            value: T = coming.result(0.05 if entry.filled else patience)
        except TimeoutError:
            if not entry.filled:
                raise NotYetError from None
            value = entry.value
        return value

    def _entry(self, key: Hashable) -> _Entry:
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
            return entry


class _Entry:
    """One answer."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.filled = False
        self.value: Any = None
        self.coming: Future[Any] | None = None
        self._stamp: Hashable = None
        self._rested = 0.0

    def get(self, stamp: Hashable, make: Callable[[], Any], rest: float) -> Any:
        with self.lock:
            began = time.monotonic()
            if not self.filled or (stamp != self._stamp and began >= self._rested):
                self.value = make()
                ended = time.monotonic()
                self._stamp, self._rested = stamp, ended + rest * (ended - began)
                self.filled = True
            return self.value

"""How often somebody may ask: a bucket each, which fills as time goes by."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock

#: Of which so many are remembered; who is forgotten begins anew.
MOST = 10_000


class Rates:
    """Buckets by key; a full one holds a minute's worth."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, key: Hashable, per_minute: int) -> float:
        """Count one; gives the seconds to wait, 0 where it is within the limit."""
        with self._lock:
            left, now = self._left(key, per_minute)
            if left < 1:
                return (1 - left) * 60 / per_minute
            self._buckets[key] = (left - 1, now)
            self._buckets.move_to_end(key)
            while len(self._buckets) > MOST:
                self._buckets.popitem(last=False)
        return 0.0

    def wait(self, key: Hashable, per_minute: int) -> float:
        """Seconds to wait, without counting."""
        with self._lock:
            left, _ = self._left(key, per_minute)
        return 0.0 if left >= 1 else (1 - left) * 60 / per_minute

    def _left(self, key: Hashable, per_minute: int) -> tuple[float, float]:
        now = time.monotonic()
        left, then = self._buckets.get(key, (float(per_minute), now))
        return min(float(per_minute), left + (now - then) * per_minute / 60), now

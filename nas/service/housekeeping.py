"""What a dispatcher does beside its jobs, now and then, on a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from nas.errors import NasError
from nas.holding.holder import seems_gone
from nas.home import Home
from nas.settings import Settings
from nas.store.store import Store
from nas.sweeping import gc

log = logging.getLogger("nas.dispatcher")

#: Seconds between two sweeps.
EVERY_SECONDS = 3600.0

#: A dispatcher of another machine that showed no sign of life for so long is not listed any more.
_SILENT_MS = 600_000


class Housekeeping:
    """Sweeps; called at every look of a dispatcher, which it never holds up.

    Args:
        store: with the jobs.
        home: of the files.
        clock: seconds, rising.
    """

    def __init__(
        self, store: Store, home: Home, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._home, self._clock = store, home, clock
        self._due = clock()
        self._thread: threading.Thread | None = None

    def __call__(self) -> None:
        """Begin a sweep if one is due and none is going on."""
        if self._clock() < self._due or (self._thread and self._thread.is_alive()):
            return
        self._due = self._clock() + EVERY_SECONDS
        self._thread = threading.Thread(target=self.sweep, name="sweep", daemon=True)
        self._thread.start()

    def sweep(self) -> None:
        """Forget dispatchers that died, jobs beyond their days, and files of nobody."""
        try:
            for one in self._store.leases.dispatchers():
                if seems_gone(one.holder, one.beat_ms, _SILENT_MS):
                    self._store.leases.leave(one.holder)
            swept = gc(self._store, self._home, Settings.here(self._home).retention_days)
        except (NasError, OSError) as error:
            log.warning("sweeping failed: %s", error)
            return
        if swept.jobs or swept.files:
            counts = (len(swept.jobs), len(swept.files), swept.bytes / 1e6)
            log.info("swept %s jobs and %s files, %.1f MB", *counts)

"""SIGTERM ends a process as Ctrl-C does: cleanly, with everything recorded kept."""

from __future__ import annotations

import signal
from types import FrameType


def stopped_by_sigterm() -> None:
    """From now on, in the main thread."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt

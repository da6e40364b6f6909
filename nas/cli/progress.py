"""Progress of a long command on stderr: a live block on a terminal, single lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import Any, Protocol

import click

#: Seconds between two lines of a progress that changes all the time, where no terminal shows it.
PLAIN_INTERVAL_S = 10.0


class Progress(Protocol):
    """A context manager that shows where a long command stands."""

    def show(self, text: str) -> None:
        """Replace the block of current state (any number of lines)."""

    def note(self, text: str) -> None:
        """Print a line that stays."""

    def __enter__(self) -> Progress: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def progress(*, quiet: bool = False) -> Progress:
    """The progress display that fits: none, live (stderr is a terminal) or plain lines."""
    if quiet:
        return PlainProgress(silent=True)
    dumb = os.environ.get("TERM") == "dumb"
    return LiveProgress() if sys.stderr.isatty() and not dumb else PlainProgress()


class PlainProgress:
    """A line at a time: every note, and the state's first line now and then."""

    def __init__(self, *, silent: bool = False, interval_s: float = PLAIN_INTERVAL_S) -> None:
        self.silent = silent
        self.interval_s = interval_s
        self._shown_at = float("-inf")
        self._last = ""

    def show(self, text: str) -> None:
        """Print the first line of a state that changed, at most once an interval."""
        line = text.partition("\n")[0]
        now = time.monotonic()
        if line != self._last and now - self._shown_at >= self.interval_s:
            self._last, self._shown_at = line, now
            self.note(line)

    def note(self, text: str) -> None:
        """Print a line."""
        if not self.silent:
            click.echo(text, err=True)

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class LiveProgress:
    """A block at the bottom of the terminal that is redrawn in place."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        no_color = bool(os.environ.get("NO_COLOR"))
        console = Console(stderr=True, no_color=no_color, highlight=False)
        self._live: Any = Live(console=console, refresh_per_second=4, transient=True)

    def show(self, text: str) -> None:
        """Redraw the block."""
        from rich.text import Text

        self._live.update(Text(text))

    def note(self, text: str) -> None:
        """Print a line above the block."""
        self._live.console.print(text, markup=False)

    def __enter__(self) -> LiveProgress:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

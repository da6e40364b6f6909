"""How work in progress is asked to end before it is done."""

from __future__ import annotations

from typing import Literal, Protocol

#: ``drain``: begin nothing more and take the answers of what runs; ``kill``: end at once.
Stop = Literal["", "drain", "kill"]


class Control(Protocol):
    """Who may ask."""

    def stop(self) -> Stop:
        """What is asked for now; empty: to go on.

        Raises:
            LeaseLost: if another process does this work now.
        """


class Unhindered:
    """Nobody asks."""

    def stop(self) -> Stop:
        """Go on."""
        return ""

"""A finding of ``nas doctor``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """One finding; ``advice`` says what to do unless the state is ``ok``."""

    name: str
    state: State
    detail: str
    advice: str = ""

    def to_dict(self) -> dict[str, str]:
        """JSON-ready."""
        return asdict(self)

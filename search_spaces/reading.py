"""Reads parts of a job file and collects what is wrong with them. No torch import."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from search_spaces.errors import SpaceError, unknown

Path = tuple[str | int, ...]
T = TypeVar("T")

#: More values than anybody lists; more would take minutes to read.
MOST_VALUES = 1000


@dataclass
class Reading:
    """Collects errors; a part that is wrong reads as None or is left out."""

    errors: list[SpaceError] = field(default_factory=list)

    def say(self, message: str, path: Path) -> None:
        """Note an error."""
        self.errors.append(SpaceError(message, path))

    def attempt(self, path: Path, read: Callable[[], T]) -> T | None:
        """Run ``read``; note its error under ``path``."""
        try:
            return read()
        except SpaceError as error:
            self.errors.append(error.under(*path))
            return None

    def mapping(self, what: str, value: Any, path: Path) -> Mapping[Any, Any] | None:
        """The value if it is a mapping."""
        if isinstance(value, Mapping):
            return value
        self.say(f"{what} must be a mapping (key: value), not {shown(value)}", path)
        return None

    def keys(self, what: str, data: Mapping[Any, Any], allowed: Sequence[str], path: Path) -> None:
        """Note every key that is not allowed."""
        for key in data:
            if key not in allowed:
                self.say(unknown(f"key of {what}", key, allowed), (*path, step(key)))

    def items(self, what: str, value: Any, path: Path) -> list[tuple[Any, Path]]:
        """A scalar or a list as values with their paths; duplicates and empty lists are noted."""
        if not isinstance(value, list | tuple):
            return [(value, path)]
        if not value:
            self.say(f"{what} is an empty list: name at least one value", path)
        if len(value) > MOST_VALUES:
            self.say(f"{what} lists {len(value):,} values; allowed: at most {MOST_VALUES:,}", path)
            value = value[:MOST_VALUES]
        found: list[tuple[Any, Path]] = []
        for index, item in enumerate(value):
            if any(item == other and type(item) is type(other) for other, _ in found):
                self.say(f"{what} lists {shown(item)} twice", (*path, index))
            else:
                found.append((item, (*path, index)))
        return found


def step(key: Any) -> str | int:
    """A key of a mapping as a step of a path."""
    return key if isinstance(key, str | int) else str(key)


def shown(value: Any) -> str:
    """A value as a message has it."""
    return "empty" if value is None else repr(value)

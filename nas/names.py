"""Names of jobs. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Container

NAME_PATTERN = r"[a-z0-9][a-z0-9_.-]{0,62}"
NAME_RULE = (
    "1 to 63 characters: small letters, digits, '_', '.', '-'; the first a letter or a digit; "
    "not digits alone"
)


def check_name(name: str) -> str:
    """Give a job's name back if it is one.

    Digits alone are refused: they would be mistaken for a job's number.

    Raises:
        ValueError: with the rule, and a name near the given one that keeps it.
    """
    if re.fullmatch(NAME_PATTERN, name) and not name.isdigit():
        return name
    near = nearest_name(name)
    hint = f" (for example {near!r})" if near else ""
    raise ValueError(f"{name!r} is not a job name{hint}; a name has {NAME_RULE}")


def nearest_name(text: str) -> str | None:
    """A valid name made from any text, or None if nothing of it is left."""
    slug = re.sub(r"[^a-z0-9_.-]+", "-", text.lower()).strip("-_.")[:63]
    if not slug:
        return None
    return f"job-{slug}"[:63] if slug.isdigit() else slug


def free_name(name: str, taken: Container[str]) -> str:
    """The first of ``name``, ``name-2``, ``name-3`` … that isn't taken."""
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        ending = f"-{count}"
        candidate = name[: 63 - len(ending)] + ending
    return candidate

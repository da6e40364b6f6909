"""Sizes in a job file: ``20 GB``, ``512 MiB`` or a number of bytes. And sizes for people."""

from __future__ import annotations

import re

_UNITS = {
    "b": 1,
    **{f"{letter}b": 1000**power for power, letter in enumerate("kmgt", 1)},
    **{f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", 1)},
}
_TEXT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")

#: What a refused value is told.
ALLOWED = "allowed: a number of bytes above 0, or a text such as 500 MB, 20 GB or 1.5 TiB"


def bytes_of(value: object) -> int:
    """Bytes from a number of them, or from a text with a unit.

    Raises:
        ValueError: naming the value and what is allowed.
    """
    size = 0.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        size = float(value)
    elif isinstance(value, str) and (found := _TEXT.fullmatch(value.strip())):
        size = float(found[1]) * _UNITS.get(found[2].lower() or "b", 0)
    if not 1 <= size < float("inf"):
        raise ValueError(f"{value!r} is not a size; {ALLOWED}")
    return int(size)


def in_words(size: float) -> str:
    """``640 B``, ``1.5 MB``, ``20 GB``: powers of 1000, three digits."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.3g} TB" if size < 999.5 else f"{size:,.0f} TB"

"""Hours in a job file: a number, or a text such as ``90m``. And hours for people."""

from __future__ import annotations

import re

_UNITS = {"d": 24.0, "h": 1.0, "m": 1 / 60, "s": 1 / 3600}
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_TEXT = re.compile("".join(f"(?:({_NUMBER}){unit})?" for unit in _UNITS))

#: What a refused value is told.
ALLOWED = "allowed: hours as a number above 0, or a text such as 90m, 2h, 1d or 1h30m"


def hours_of(value: object) -> float:
    """Hours from a number of hours, or from a text with units d, h, m, s in this order.

    Raises:
        ValueError: naming the value and what is allowed.
    """
    hours = 0.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        hours = float(value)
    elif isinstance(value, str) and (found := _TEXT.fullmatch(value.strip())):
        parts = zip(found.groups(), _UNITS.values(), strict=True)
        hours = sum(float(number) * unit for number, unit in parts if number)
    if not 0 < hours < float("inf"):
        raise ValueError(f"{value!r} is not a duration; {ALLOWED}")
    return hours


def in_words(hours: float) -> str:
    """``1.5 s``, ``42 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if hours * 3600 < 10:
        return f"{hours * 3600:.3g} s"
    minutes, seconds = divmod(round(hours * 3600), 60)
    whole, minutes = divmod(minutes, 60)
    parts = [(whole, "h"), (minutes, "min"), (0 if whole else seconds, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)

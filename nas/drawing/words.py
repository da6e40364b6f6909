"""Numbers and choices as a picture writes them."""

from __future__ import annotations

from search_spaces.architecture import Choice

_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))

#: Family -> what it does with its input.
FAMILIES = {
    "gate": "multiplies its input",
    "context": "adds what it gathers",
    "replace": "stands for a convolution",
    "warp": "moves pixels",
}


def short(value: int) -> str:
    """Three digits and a unit: 1,234,567 is ``1.23 M``."""
    size = abs(value)
    for unit, letter in _UNITS:
        if size >= 0.9995 * unit:
            scaled = size / unit
            digits = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
            return f"{'−' if value < 0 else ''}{scaled:.{digits}f} {letter}"
    return f"{'−' if value < 0 else ''}{size}"


def added(value: int) -> str:
    """As ``short``, with its sign."""
    return short(value) if value <= 0 else f"+{short(value)}"


def exact(value: int) -> str:
    """``+1,234`` or ``−1,234``."""
    return f"{value:+,}".replace("-", "−") if value else "0"


def share(part: int, whole: int) -> str:
    """``1.6 %``; ``<0.1 %`` where that is all that can be said."""
    percent = 100 * part / whole if whole else 0.0
    sign, size = ("−" if percent < 0 else ""), abs(percent)
    if 0 < size < 0.05:
        return f"{sign}<0.1 %"
    return f"{sign}{size:.1f} %"


def axes(choice: Choice) -> list[str]:
    """Each axis with its value: ``ratio 16``, ``kernel_size 7``."""
    return [f"{name} {str(value).lower()}" for name, value in choice.axes]

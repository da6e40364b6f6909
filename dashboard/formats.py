"""How numbers and times are written on pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from nas.budget import NAMES, TITLES, amount
from search_spaces.architecture import Architecture


def percent(share: float | None) -> str:
    """``0.9512`` as ``95.12 %``."""
    return "–" if share is None else f"{100 * share:.2f} %"


def si(value: float | None) -> str:
    """Three digits with an SI prefix: ``4 040 000`` as ``4.04 M``."""
    if value is None:
        return "–"
    for limit, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 0.9995 * limit:
            return f"{value / limit:.3g} {prefix}"
    return f"{value:.3g}"


def duration(seconds: float) -> str:
    """``95`` as ``1 min 35 s``."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def moment(iso: str) -> str:
    """``2026-01-31T12:00:00Z`` as ``31 Jan 2026, 12:00 UTC``."""
    when = datetime.fromisoformat(iso)
    return f"{when.day} {when:%b %Y, %H:%M} UTC"


def ended(job: Mapping[str, Any]) -> int:
    """How many trials have ended, one way or the other."""
    return sum(job["trials"][state] for state in ("done", "pruned", "failed"))


def limits(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was spent of each limit, trials first, in words and as a share: ``48 of 48 trials``."""
    trials = max(job["budget"]["trials"], 1)
    found = [{"words": f"{ended(job):,} of {trials:,} trials", "used": ended(job), "most": trials}]
    for name in NAMES:
        most, used = job["budget"][name], job["spent"][name]
        if most is not None:
            words = f"{TITLES[name]} {amount(name, used, most)}"
            found.append({"words": words, "used": min(used, most), "most": most})
    return found


def cell(value: object, decimals: int = 0) -> str:
    """A value of a table under a chart, as static/chart.js shows it.

    Args:
        value: a number, words, or None where there is none.
        decimals: of all numbers in its column.
    """
    if value is None:
        return "–"
    return f"{value:,.{decimals}f}" if isinstance(value, int | float) else str(value)


def architecture_lines(data: Mapping[str, Any]) -> list[str]:
    """The backbone, then each placement with its attention."""
    built = Architecture.from_dict(data)
    places = [f"{place}: {choice}" for place, choice in built.attention]
    return [str(built.backbone), *(places or ["no attention"])]


FILTERS = {
    "from_json": json.loads,
    "percent": percent,
    "si": si,
    "duration": duration,
    "moment": moment,
    "ended": ended,
    "limits": limits,
    "cell": cell,
    "architecture_lines": architecture_lines,
}

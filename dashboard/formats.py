"""How numbers and times are written on pages."""

from __future__ import annotations

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


def spent(job: Mapping[str, Any]) -> str:
    """``epochs 80 of 120, wall clock 3 min of 5 min``: what was spent of each limit, if any."""
    names = [name for name in NAMES if job["budget"][name] is not None]
    told = (f"{TITLES[n]} {amount(n, job['spent'][n], job['budget'][n])}" for n in names)
    return ", ".join(told)


def repeats(point: Mapping[str, Any]) -> str:
    """Mean over the further seeds, half its interval, and how many."""
    mean, high, seeds = point["accuracy_mean"], point["accuracy_high"], point["seeds"]
    if mean is None:
        return "–"
    half = "" if high is None else f" ± {100 * (high - mean):.2f}"
    return f"{100 * mean:.2f}{half} % (n={seeds})"


def architecture_lines(data: Mapping[str, Any]) -> list[str]:
    """The backbone, then each placement with its attention."""
    built = Architecture.from_dict(data)
    places = [f"{place}: {choice}" for place, choice in built.attention]
    return [str(built.backbone), *(places or ["no attention"])]


FILTERS = {
    "percent": percent,
    "si": si,
    "duration": duration,
    "moment": moment,
    "ended": ended,
    "spent": spent,
    "repeats": repeats,
    "architecture_lines": architecture_lines,
}

"""What a job may spend and what it has spent: arithmetic alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from nas.job_file.durations import in_words

#: Why a trial that its job's budget cut short is pruned.
STOPPED = "stopped by budget"

#: Rounding of sums of seconds must not make a limit strike.
_SLACK = 1e-9


@dataclass(frozen=True)
class Spending:
    """What trainings take.

    Attributes:
        epochs: trained and recorded.
        wall_clock: hours that the job was driven.
        cpu_hours: cores that workers hold, times the hours that they hold them.
        gpu_hours: likewise of GPUs, or shares of one.
    """

    epochs: float = 0.0
    wall_clock: float = 0.0
    cpu_hours: float = 0.0
    gpu_hours: float = 0.0

    def __add__(self, other: Spending) -> Spending:
        return Spending(*(getattr(self, n) + getattr(other, n) for n in NAMES))


#: What can be limited, in the order in which it is shown.
NAMES = tuple(f.name for f in fields(Spending))

#: How people call it.
TITLES = {
    "epochs": "epochs",
    "wall_clock": "wall clock",
    "cpu_hours": "CPU-hours",
    "gpu_hours": "GPU-hours",
}


@dataclass(frozen=True)
class Budget:
    """Limits by name, those that were set.

    Attributes:
        limits: from ``NAMES``, all above 0.
        finalists_share: of each limit, at most so much is kept for what follows the search.
    """

    limits: Mapping[str, float] = field(default_factory=dict)
    finalists_share: float = 0.5

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> Budget:
        """From the section ``budget`` of a recorded job."""
        limits = {name: float(section[name]) for name in NAMES if section.get(name) is not None}
        return cls(limits, section.get("finalists_share", cls.finalists_share))

    def over(self, spending: Spending) -> str | None:
        """The first limit that this spending exceeds."""
        exceeds = (n for n, limit in self.limits.items() if getattr(spending, n) > limit + _SLACK)
        return next(exceeds, None)

    def struck(self, spending: Spending) -> str | None:
        """The first limit of time that is reached: what still runs is over it from now on."""
        timed = ((n, limit) for n, limit in self.limits.items() if n != "epochs")
        return next((n for n, limit in timed if getattr(spending, n) >= limit - _SLACK), None)

    def hours_left(self, spending: Spending, rate: Spending) -> float:
        """Hours until the first limit strikes; infinite if none will.

        Args:
            spending: so far.
            rate: what an hour adds from now on.
        """
        left = [
            (limit - getattr(spending, name)) / getattr(rate, name)
            for name, limit in self.limits.items()
            if name != "epochs" and getattr(rate, name) > 0
        ]
        return max(0.0, min(left, default=math.inf))

    def kept(self, need: Spending) -> Spending:
        """What is kept for the finalists: their need, or their share where they need more."""
        shares = {n: self.finalists_share * limit for n, limit in self.limits.items()}
        return Spending(*(min(getattr(need, n), shares.get(n, math.inf)) for n in NAMES))

    def words(self, name: str, spending: Spending) -> str:
        """``epochs 118 of 120``, ``wall clock 29 min of 30 min``, ``CPU-hours 1.98 of 2``."""
        return f"{TITLES[name]} {amount(name, getattr(spending, name), self.limits.get(name))}"

    def told(self, spending: Spending) -> str:
        """Every limit with what was spent of it; empty without limits."""
        return ", ".join(self.words(name, spending) for name in self.limits)


def amount(name: str, used: float, limit: float | None) -> str:
    """``118 of 120``; without a limit the first alone."""
    shown = [_shown(name, value) for value in (used, limit) if value is not None]
    return " of ".join(shown)


def _shown(name: str, value: float) -> str:
    if name == "wall_clock":
        return in_words(value)
    return f"{value:,.0f}" if name == "epochs" else plain_hours(value)


def plain_hours(hours: float) -> str:
    """``0.0174``, ``1.98``, ``23.5``, ``1,235``: about three digits, no exponent."""
    digits = 4 if hours < 0.1 else 3 if hours < 1 else 2 if hours < 10 else 1 if hours < 100 else 0
    return f"{hours:,.{digits}f}"

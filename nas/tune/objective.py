"""What searcher and scheduler are told of the accuracy and of the cost, checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from nas.tune.questions import Config

Cost = Callable[[Config], float]


def check_arguments(who: str, cost: object, metric: object, mode: object) -> None:
    """Refuse what can't be meant.

    Raises:
        ValueError: saying what is allowed.
    """
    if not callable(cost):
        raise ValueError(
            f"cost is {cost!r}; {who} needs a function from a trial's config to its cost, such as "
            "nas.tune.ExactCost(shape)"
        )
    if metric is not None and not isinstance(metric, str):
        raise ValueError(
            f"metric is {metric!r} in {who}; allowed: one name, that of the accuracy, because the "
            "cost is computed before training"
        )
    if mode not in (None, "max", "min"):
        raise ValueError(f"mode is {mode!r} in {who}; allowed: max, min")


def agreed(who: str, what: str, mine: str | None, theirs: str | None) -> str:
    """The metric or the mode, said in ``who`` or in ``TuneConfig``.

    Raises:
        ValueError: if it was said nowhere, or differently.
    """
    if mine and theirs and mine != theirs:
        raise ValueError(f"{what} is {mine!r} in {who}, but {theirs!r} in TuneConfig")
    found = mine or theirs
    if not found:
        raise ValueError(f"{who} has no {what}; write tune.TuneConfig({what}=...)")
    return found


def exact(cost: Cost, config: Mapping[str, Any]) -> float:
    """A config's cost.

    Raises:
        ValueError: if it is not a finite number.
    """
    value = cost(dict(config))
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"the cost of {dict(config)} is {value!r}; it must be a finite number")
    return float(value)

"""Our space, sampler and pruner for people's own Ray Tune scripts (``docs/ray_tune.md``).

Names are loaded when first used: what runs in a trial needs the space alone, neither the sampler
nor Optuna.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nas.tune.scheduler import ParetoScheduler
    from nas.tune.searcher import KnownCostSearch
    from nas.tune.space import ExactCost, architecture_of, build_of, space_of

__all__ = [
    "ExactCost",
    "KnownCostSearch",
    "ParetoScheduler",
    "architecture_of",
    "build_of",
    "space_of",
]

_HOMES = {
    "KnownCostSearch": "nas.tune.searcher",
    "ParetoScheduler": "nas.tune.scheduler",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "nas.tune.space")), name)

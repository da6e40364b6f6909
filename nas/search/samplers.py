"""Samplers by the job file's word; each is an Optuna sampler."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler

from nas.search.sampler import KnownCostSampler
from search_spaces.space import Parameter

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Known:
    """Arguments of ``KnownCostSampler`` beyond its seed; the defaults know nothing.

    Attributes:
        cost: by parameters; None where it has to be measured.
        space: every parameter with its conditions.
        features: more numbers.
        allowed: False for what is over a limit.
        earlier: accuracies from other studies by parameters, at fidelities of their own.
    """

    cost: Callable[[Params], float] | None = None
    space: tuple[Parameter, ...] | None = None
    features: Callable[[Params], Sequence[float]] | None = None
    allowed: Callable[[Params], bool] | None = None
    earlier: tuple[tuple[Params, Mapping[int, float]], ...] = ()


def _known_cost(seed: int, known: Known) -> BaseSampler:
    return KnownCostSampler(
        known.cost,
        seed=seed,
        space=known.space,
        features=known.features,
        allowed=known.allowed,
        earlier=known.earlier,
    )


def _tpe(seed: int, known: Known) -> BaseSampler:
    # Grouped: a conditional space is modelled one sub-space at a time, jointly within each.
    return TPESampler(seed=seed, multivariate=True, group=True)


SAMPLERS: dict[str, Callable[[int, Known], BaseSampler]] = {
    "known_cost": _known_cost,
    "tpe": _tpe,
    "nsga2": lambda seed, known: NSGAIISampler(seed=seed),
    "gp": lambda seed, known: GPSampler(seed=seed),
    "random": lambda seed, known: RandomSampler(seed=seed),
}


def make_sampler(name: str, seed: int, known: Known | None = None) -> BaseSampler:
    """A sampler by name.

    Args:
        name: a key of ``SAMPLERS``; job files were checked before.
        seed: of its own draws.
        known: of architectures before they are trained; Optuna's samplers have no use for it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return SAMPLERS[name](seed, known or Known())

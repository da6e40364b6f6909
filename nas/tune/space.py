"""From a search space to Ray Tune's ``param_space``, and from a trial's config back to a model."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ray import tune
from torch import nn

from nas.errors import NotFound
from nas.job_file.reading import load
from search_spaces.amount import Cost
from search_spaces.architecture import Architecture, TaskShape, Value
from search_spaces.build import build
from search_spaces.cost import cost_of
from search_spaces.errors import SpaceError, nearest
from search_spaces.ready import ready_names, ready_space
from search_spaces.space import SearchSpace

#: The key of a config that holds the search space itself, as JSON: a trial needs nothing else.
SPACE = "space"


def space_of(
    source: str | Path | Mapping[str, Any] | SearchSpace, shape: TaskShape | None = None
) -> dict[str, Any]:
    """A Tune ``param_space``: one ``tune.choice`` for each parameter, and the space itself.

    Add hyperparameters of your own beside it; replace a choice by a value to fix it. Samplers that
    know nothing of conditions draw every parameter: ``architecture_of`` reads those that count.

    Args:
        source: a job file's path, the name of a ready space, a ``space`` section or a space.
        shape: of the images; with it, what can't stand on their feature maps is refused here.

    Raises:
        NasError: for a file that can't be read or is wrong, or an unknown name.
        SpaceErrors: with everything that is wrong in a section, or can't stand on the shape.
    """
    space = _read(source)
    if shape is not None:
        space.check(shape)
    choices = {p.name: tune.choice(list(p.values)) for p in space.parameters()}
    return {SPACE: json.dumps(space.to_dict()), **choices}


def architecture_of(config: Mapping[str, Any]) -> Architecture:
    """The architecture that a trial's config describes; parameters that don't count are ignored.

    Raises:
        SpaceError: if a parameter is missing or has a value that the space doesn't allow.
    """

    def answer(name: str, values: tuple[Value, ...]) -> Value:
        value: Value | None = config.get(name)
        if value is None:
            hint = nearest(name, config)
            allowed = ", ".join(map(str, values))
            raise SpaceError(f"the config lacks {name}{hint}; allowed: {allowed}")
        return value

    return search_space_of(config).walk(answer)


def build_of(config: Mapping[str, Any], shape: TaskShape) -> nn.Module:
    """The model of a trial's config, from (B, channels, height, width) to logits (B, classes).

    Raises:
        SpaceError: as ``architecture_of``, or where attention can't stand on the shape.
    """
    return build(architecture_of(config), shape)


def search_space_of(config: Mapping[str, Any]) -> SearchSpace:
    """The space that ``space_of`` put into a config.

    Raises:
        SpaceError: if there is none.
    """
    text = config.get(SPACE)
    if not isinstance(text, str):
        raise SpaceError(
            f"the config has no {SPACE!r} from nas.tune.space_of; "
            "make param_space as {**space_of(...), ...}"
        )
    return _parsed(text)


class ExactCost:
    """What a trial's config costs, exact before training: ``cost(config)``.

    Args:
        shape: of one image, and the class count.
        objective: ``forward_flops`` (of one image) or ``parameters``.
    """

    def __init__(self, shape: TaskShape, objective: str = "forward_flops") -> None:
        allowed = ("forward_flops", "parameters")
        if objective not in allowed:
            hint = nearest(objective, allowed)
            raise ValueError(f"objective is {objective!r}{hint}; allowed: {', '.join(allowed)}")
        self.shape, self.objective = shape, objective

    def __call__(self, config: Mapping[str, Any]) -> float:
        """The objective's value."""
        return float(getattr(self._cost(architecture_of(config)), self.objective))

    def features(self, config: Mapping[str, Any]) -> list[float]:
        """Known numbers that help to predict accuracy: logs of both costs, count of placements."""
        architecture = architecture_of(config)
        cost = self._cost(architecture)
        logs = [math.log(cost.parameters), math.log(cost.forward_flops)]
        return [*logs, float(len(architecture.attention))]

    def _cost(self, architecture: Architecture) -> Cost:
        return cost_of(architecture, self.shape)


def _read(source: str | Path | Mapping[str, Any] | SearchSpace) -> SearchSpace:
    if isinstance(source, SearchSpace):
        return source
    if isinstance(source, Mapping):
        return SearchSpace.from_dict(source)
    if str(source) in ready_names():
        return SearchSpace.from_dict(ready_space(str(source)))
    if not Path(source).exists():
        raise NotFound("ready space or job file", str(source), ready_names())
    return load(source).search_space()


@lru_cache(maxsize=64)
def _parsed(text: str) -> SearchSpace:
    return SearchSpace.from_dict(json.loads(text))

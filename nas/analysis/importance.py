"""How much of what differs between architectures each axis of the space explains."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from nas.analysis.additive import Additive, fit
from nas.analysis.features import Described, Features
from nas.analysis.intervals import CONFIDENCE
from nas.analysis.moments import Floats
from nas.store.records import COSTS, Job, Trial
from search_spaces.ready import ready_space
from search_spaces.space import SearchSpace

#: Draws of the coefficients behind an interval.
DRAWS = 400

#: What no axis explains alone.
REST = "the rest"


@dataclass(frozen=True)
class Importance:
    """One axis for one objective.

    Attributes:
        objective: ``accuracy`` or a cost's name.
        axis: ``width``; ``attention in stage2``; ``ratio of se``; ``the rest``: interactions and,
            of accuracy, the luck of a run.
        share: of the variance over the space, 0…1; all of an objective add up to 1.
        low: of the 95 % interval.
        high: its other end.
    """

    objective: str
    axis: str
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class _Axis:
    """Values of an axis: one row of weights each, with their chances in a uniform draw.

    ``places``: in how many places the values are drawn, on average.
    """

    name: str
    weights: Floats
    chances: Floats
    places: float = 1.0


def importance_of(
    job: Job,
    features: Features,
    model: Additive,
    searched: Mapping[str, Trial],
    described: Mapping[str, Described],
) -> list[Importance]:
    """The importance of every axis for accuracy and every known cost.

    The shares are those of a functional analysis of variance (Hooker, Journal of Computational and
    Graphical Statistics 16, 2007; Hutter, Hoos and Leyton-Brown, ICML 2014) of the additive model,
    over uniform draws from the job's space. Costs are taken as logarithms, which width and depth
    multiply.

    Args:
        job: with its space.
        features: of the model.
        model: of accuracy.
        searched: trials by architecture.
        described: those architectures that were read already.
    """
    given = job.spec.get("space")
    if given is None:
        return []
    space = SearchSpace.from_dict(ready_space(given) if isinstance(given, str) else given)
    told = _shares("accuracy", model, list(_axes(space, features)))
    built = {text: described.get(text) or json.loads(text) for text in searched}
    single = Features.of(list(built.values()), 1)
    seen = single.observations((one, text, 0, 0.0) for text, one in built.items())
    for cost in COSTS:
        values = [getattr(trial, cost) for trial in searched.values()]
        if None in values:
            continue
        logarithms = replace(seen, values=np.log(np.array(values, dtype=np.float64)))
        told += _shares(cost, fit(logarithms), list(_axes(space, single)))
    return told


def _axes(space: SearchSpace, features: Features) -> Iterator[_Axis]:
    for axis in space.backbone.axes:
        if len(axis.values) > 1:
            rows = np.array([features.backbone(axis.name, value) for value in axis.values])
            yield _Axis(axis.name, rows, _even(len(rows)))
    for slot, options in zip(space.slots, space.options, strict=True):
        if len(options) > 1:
            none = np.zeros(len(features.names))
            rows = np.array(
                [none if o is None else features.place(str(o[0]), o[1].name) for o in options]
            )
            yield _Axis(f"attention in {slot.name}", rows, _even(len(rows)))
    for (kind, name), counts in features.values.items():
        rows = np.array([features.axis(kind, name, value) for value in counts])
        held = [
            sum(o is not None and o[1].name == kind for o in options) / len(options)
            for options in space.options
        ]
        yield _Axis(f"{name} of {kind}", rows, _even(len(rows)), sum(held))


def _even(count: int) -> Floats:
    return np.full(count, 1 / count)


def _shares(objective: str, model: Additive, axes: list[_Axis]) -> list[Importance]:
    rng = np.random.default_rng(0)
    drawn = rng.multivariate_normal(model.mean, model.covariance, DRAWS, method="eigh")
    parts = []
    for coefficients in (model.mean[None, :], drawn):
        by_axis = [_variance(axis, coefficients) for axis in axes]
        rest = np.full(len(coefficients), float(model.own + model.noise[-1]))
        parts.append(np.array([*by_axis, rest]))
    best, spread = (part / np.maximum(part.sum(axis=0), 1e-300) for part in parts)
    low, high = np.quantile(spread, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=1)
    low, high = np.minimum(low, best[:, 0]), np.maximum(high, best[:, 0])
    return [
        Importance(objective, name, float(best[i, 0]), float(low[i]), float(high[i]))
        for i, name in enumerate([*(axis.name for axis in axes), REST])
    ]


def _variance(axis: _Axis, coefficients: Floats) -> Floats:
    values = coefficients @ axis.weights.T
    centred = values - (values @ axis.chances)[:, None]
    variance: Floats = axis.places * ((centred**2) @ axis.chances)
    return variance

"""The choices that the contract is held for: every type with its axes turned."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterator
from math import prod
from typing import Any

import torch
import torch.nn as nn

from search_spaces.architecture import Choice, Value
from search_spaces.axes import Axis
from search_spaces.catalogue import CATALOGUE, complete

STARTS = ("identity", "paper")

#: Values to try on an axis of integers; the first that is allowed and not the default.
OTHER = (2, 5, 1)

#: Open axes that only repeat: one layer says as much as the six of the paper.
FEW: dict[str, Value] = {"layers": 1}

#: A type with more combinations than this has its closed axes turned one at a time.
MOST = 64

#: What no weights make an identity, by type, axis and value, and why.
NEVER_IDENTITY: dict[tuple[str, str, Value], str] = {
    ("encoder", "norm", "post"): "a post-norm layer ends in a norm",
}


def starts_as_identity(choice: Choice) -> bool:
    """Whether identity start of this choice gives back what it gets.

    What stands for a convolution can't: it does not even know the weights that it replaces.
    """
    axes = choice.as_dict()
    return CATALOGUE[choice.name].family != "replace" and not any(
        choice.name == name and axes.get(axis) == value for name, axis, value in NEVER_IDENTITY
    )


def rounding(choice: Choice) -> float:
    """How far identity start may be off: coordinates that are computed are rounded."""
    return 5e-6 if CATALOGUE[choice.name].family == "warp" else 0.0


def attention_class(name: str) -> Any:
    module, _, attribute = CATALOGUE[name].target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def build(choice: Choice, channels: int, start: str = "identity", seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    module: nn.Module = attention_class(choice.name)(channels, **choice.as_dict(), start=start)
    return module


def randomised(choice: Choice, channels: int, start: str = "paper") -> nn.Module:
    """In float64, with no parameter or statistic left at a special value."""
    module = build(choice, channels, start).double()
    for parameter in module.parameters():
        if CATALOGUE[choice.name].family == "warp":
            # Far from its start it would look past the map, where there is nothing.
            parameter.data += 0.1 * torch.randn_like(parameter)
        else:
            nn.init.normal_(parameter, std=0.5)
    for name, buffer in module.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.5, 1.5)
    return module


def values_of(axis: Axis) -> tuple[Value, ...]:
    """Every value of a closed axis; the default of an open one, or few."""
    return axis.values or (FEW.get(axis.name, axis.default),)


def variants_of(name: str) -> Iterator[Choice]:
    """All combinations of the closed axes, and each open axis once at another value."""
    axes = CATALOGUE[name].axes
    names = [axis.name for axis in axes]
    if prod(len(values_of(axis)) for axis in axes) > MOST:
        yield from (complete(name, {axis.name: v}) for axis in axes for v in axis.values)
    else:
        for values in itertools.product(*map(values_of, axes)):
            yield complete(name, dict(zip(names, values, strict=True)))
    for axis in axes:
        if not axis.values:
            other = next(v for v in OTHER if v != axis.default and axis.accepts(v))
            where = {key: value for key, value in FEW.items() if key in names}
            where |= {axis.when[0]: axis.when[1][0]} if axis.when else {}
            yield complete(name, {**where, axis.name: other})


#: Inactive axes are dropped by ``complete``, so combinations repeat: a dict keeps each once.
VARIANTS: tuple[Choice, ...] = tuple(
    dict.fromkeys(choice for name in CATALOGUE for choice in variants_of(name))
)

"""Fits a model to another class count or another number of image channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from torch import nn

from search_spaces.errors import SpaceError

M = TypeVar("M", bound=nn.Module)


def fit_classes(model: nn.Module, classes: int) -> None:
    """Give the classifier so many outputs, with new weights if that changes it.

    The classifier is the last linear layer, or the last convolution of a model without any.

    Raises:
        SpaceError: if the model has neither.
    """
    linear = any(isinstance(module, nn.Linear) for module in model.modules())
    name, last = _pick(model, nn.Linear if linear else nn.Conv2d, -1, "layer to classify with")
    if isinstance(last, nn.Linear) and last.out_features != classes:
        model.set_submodule(name, nn.Linear(last.in_features, classes, last.bias is not None))
    elif isinstance(last, nn.Conv2d) and last.out_channels != classes:
        model.set_submodule(name, _like(last, last.in_channels, classes))


def fit_channels(model: nn.Module, channels: int) -> None:
    """Let the first convolution read so many channels.

    Each new input channel gets the mean of the old ones' weights, scaled so that an image whose
    channels are all alike gives what it gave: pretrained weights keep their use.

    Raises:
        SpaceError: if the model has no convolution, or its first one is grouped.
    """
    name, first = _pick(model, nn.Conv2d, 0, "convolution to read images with")
    if first.in_channels == channels:
        return
    if first.groups != 1:
        text = f"the first convolution, {name}, is grouped"
        raise SpaceError(f"{text}: it can't read {channels} channels")
    new = _like(first, channels, first.out_channels)
    weight = first.weight.detach().sum(1, keepdim=True) / channels
    new.weight = nn.Parameter(weight.repeat(1, channels, 1, 1))
    new.bias = first.bias
    model.set_submodule(name, new)


def _like(conv: nn.Conv2d, inputs: int, outputs: int) -> nn.Conv2d:
    """A new convolution of other widths."""
    return nn.Conv2d(
        inputs,
        outputs,
        conv.kernel_size,  # type: ignore[arg-type]
        conv.stride,  # type: ignore[arg-type]
        conv.padding,  # type: ignore[arg-type]
        conv.dilation,  # type: ignore[arg-type]
        bias=conv.bias is not None,
        padding_mode=conv.padding_mode,
    )


def replace_modules(model: nn.Module, kind: type[nn.Module], make: Callable[[], nn.Module]) -> None:
    """Put something else in the place of every module of a class."""
    names = [name for name, module in model.named_modules() if isinstance(module, kind)]
    for name in names:
        model.set_submodule(name, make())


def _pick(model: nn.Module, kind: type[M], which: int, purpose: str) -> tuple[str, M]:
    found = [(name, part) for name, part in model.named_modules() if isinstance(part, kind)]
    if not found:
        raise SpaceError(f"{type(model).__name__} has no {purpose}")
    return found[which]

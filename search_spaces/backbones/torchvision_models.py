"""Makes torchvision's models, pretrained if asked, with their own attention kept or not."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torchvision.ops.misc import SqueezeExcitation

from search_spaces.architecture import TaskShape, Value
from search_spaces.backbones.adapt import fit_channels, fit_classes, replace_modules
from search_spaces.errors import SpaceError, nearest

#: A value of the axis ``weights`` that asks for none.
NO_WEIGHTS = "none"


def make_torchvision(model: str, axes: Mapping[str, Value], shape: TaskShape) -> nn.Module:
    """A model of torchvision's on torch's default device.

    Args:
        model: its name there.
        axes: ``weights`` (none, a name of torchvision's weights for this model, or the path of a
            state dict), ``builtin_se`` (keep, remove, replace) where it has its own
            squeeze-and-excitation, and keywords of torchvision's function.
        shape: the classifier and the first convolution are fitted to it.

    Raises:
        SpaceError: for weights that are not there or don't fit.
    """
    made = _weighted(model, str(axes.get("weights", NO_WEIGHTS)), _keywords(axes), shape.classes)
    fit_classes(made, shape.classes)
    fit_channels(made, shape.channels)
    if axes.get("builtin_se") == "remove":
        replace_modules(made, SqueezeExcitation, nn.Identity)
    return made


def torchvision_call(axes: Mapping[str, Value], classes: int) -> dict[str, Value | None]:
    """The keywords with which torchvision's function makes a model of this form, not trained."""
    return {"weights": None, "num_classes": classes, **_keywords(axes)}


def call_torchvision(model: str, axes: Mapping[str, Value], classes: int) -> nn.Module:
    """What torchvision's function makes with these keywords."""
    function = torchvision.models.get_model_builder(model)
    return _module(function(**torchvision_call(axes, classes)))


def _keywords(axes: Mapping[str, Value]) -> dict[str, Value]:
    return {k: v for k, v in axes.items() if k not in ("weights", "builtin_se")}


def _weighted(model: str, weights: str, keywords: Mapping[str, Value], classes: int) -> nn.Module:
    function = torchvision.models.get_model_builder(model)
    file = None if weights == NO_WEIGHTS else _file_of(model, weights)
    if weights == NO_WEIGHTS or _on_meta():
        return _module(function(weights=None, num_classes=classes, **keywords))
    if file is None:
        try:
            return _module(function(weights=weights, progress=False, **keywords))
        except (OSError, RuntimeError, ValueError) as error:
            raise SpaceError(f"weights {weights} of {model}: {error}", ("weights",)) from None
    state = _read(file)
    made = _module(function(weights=None, num_classes=_classes(state), **keywords))
    try:
        made.load_state_dict(state)
    except RuntimeError as error:
        raise SpaceError(f"weights {weights} don't fit {model}: {error}", ("weights",)) from None
    return made


def _file_of(model: str, weights: str) -> Path | None:
    """The file that weights name; None where they are torchvision's own.

    Raises:
        SpaceError: if they are neither.
    """
    known = list(torchvision.models.get_model_weights(model).__members__)
    if weights in [*known, "DEFAULT"]:
        return None
    if Path(weights).is_file():
        return Path(weights)
    names = ["none", "DEFAULT", *known]
    near = nearest(weights, names)
    raise SpaceError(
        f"weights {weights!r} of {model} are neither a file nor torchvision's"
        f"{near}; allowed: {', '.join(names)} or the path of a state dict",
        ("weights",),
    )


def _read(file: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
        first = str(error).splitlines()[0]
        raise SpaceError(f"weights {file} can't be read: {first}", ("weights",)) from None
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise SpaceError(f"weights {file} hold no state dict (names with tensors)", ("weights",))
    return state


def _classes(state: Mapping[str, Tensor]) -> int:
    """The class count of a state dict: of its last matrix."""
    matrices = [tensor for tensor in state.values() if tensor.dim() == 2]
    return matrices[-1].shape[0] if matrices else 1000


def _on_meta() -> bool:
    return torch.empty(0).device.type == "meta"


def _module(made: Any) -> nn.Module:
    assert isinstance(made, nn.Module)
    return made

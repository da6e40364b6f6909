"""Backbones that are made elsewhere: their sites and their attention are found by tracing."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from search_spaces.architecture import Choice, Placement, TaskShape
from search_spaces.backbones.factories import call_own, make_own
from search_spaces.backbones.flow import Flow, Key
from search_spaces.backbones.insertion import AttentionFactory, insert
from search_spaces.backbones.layout import Layout, find_layout, find_sites
from search_spaces.backbones.row import Site
from search_spaces.backbones.table import torchvision_name
from search_spaces.backbones.torchvision_models import call_torchvision, make_torchvision
from search_spaces.backbones.tracing import Opened, open_model
from search_spaces.errors import SpaceError

#: Edge of the image in which stages are told apart, so that they don't depend on the data's size.
REFERENCE = 256


@dataclass(frozen=True)
class Study:
    """What is known of a backbone and one image size.

    Attributes:
        layout: stages and spots.
        flow: of an image of this size, on the meta device.
        sites: of every placement.
    """

    layout: Layout
    flow: Flow
    sites: Mapping[Placement, tuple[Site, ...]]

    @property
    def channels(self) -> dict[Key, int]:
        """Of every feature map."""
        return {value.key: value.shape[0] for value in self.flow.seen if value.shape}


def build_traced(
    backbone: Choice, shape: TaskShape, attention: Mapping[Placement, AttentionFactory]
) -> nn.Module:
    """Make a backbone on torch's default device and put attention in.

    Raises:
        SpaceError: if it can't be made.
    """
    model = bare(backbone, shape)
    if not attention:
        return model
    known = study(backbone, shape)
    return insert(
        open_model(model), known.layout, attention, known.channels, yielding=_yields(backbone)
    )


def traced_sites(backbone: Choice, shape: TaskShape) -> Mapping[Placement, tuple[Site, ...]]:
    """The feature maps at every placement; also ``PATH.output`` of every module.

    Raises:
        SpaceError: if the backbone can't be made, or takes no such images.
    """
    return study(backbone, shape).sites


@lru_cache(maxsize=256)
def study(backbone: Choice, shape: TaskShape) -> Study:
    """Trace a backbone on the meta device.

    Raises:
        SpaceError: if the backbone can't be made, takes no such images, or gives no logits.
    """
    with torch.device("meta"):
        model = bare(backbone, shape)
    image = torch.empty(1, shape.channels, shape.height, shape.width, device="meta")
    opened = open_model(model)
    known = examine(opened, image, str(backbone), yielding=_yields(backbone))
    with torch.no_grad():  # the opened model: constants of the user's that are no buffers move too
        output = copy.deepcopy(opened.model).to("meta").eval()(image)
    _check_logits(output, str(backbone), shape.classes)
    return known


def _check_logits(output: object, name: str, classes: int) -> None:
    wanted = f"logits (B, {classes}) are needed"
    if not isinstance(output, Tensor):
        text = f"{name} gives a {type(output).__name__}, not a tensor; {wanted}"
        raise SpaceError(text, ("name",))
    if output.shape != (1, classes):
        given = ", ".join(map(str, output.shape))
        raise SpaceError(f"{name} gives ({given}) for one image; {wanted}", ("name",))


def examine(opened: Opened, image: Tensor, name: str, *, yielding: bool = False) -> Study:
    """Find the layout of an opened model, and the feature maps that an image makes in it.

    Args:
        opened: not changed.
        image: (1, C, H, W); on the meta device nothing is computed.
        name: for messages.
        yielding: whether a built-in squeeze-and-excitation gives way to attention.

    Raises:
        SpaceError: if the model takes no such images.
    """
    try:
        flow = Flow(opened, opened.observe(image))
    except Exception as error:  # a user's forward may raise anything
        size = "x".join(map(str, image.shape[1:]))
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise SpaceError(f"{name} takes no {size} images: {first}", ("name",)) from None
    try:
        reference = image.new_zeros((1, image.shape[1], REFERENCE, REFERENCE))
        layout = find_layout(Flow(opened, opened.observe(reference)))
    except Exception:  # made for one size alone
        layout = find_layout(flow)
    return Study(layout, flow, find_sites(layout, flow, yielding=yielding))


def bare(backbone: Choice, shape: TaskShape) -> nn.Module:
    """The backbone without our attention, on torch's default device.

    Raises:
        SpaceError: if it can't be made.
    """
    with _SequencesOnCPU():
        known = torchvision_name(backbone.name)
        if known is not None:
            return make_torchvision(known, backbone.as_dict(), shape)
        return make_own(backbone.name, backbone.as_dict(), shape)


def factory_model(backbone: Choice, shape: TaskShape) -> nn.Module:
    """What the backbone's factory makes without any weights, before it is fitted to the task.

    Raises:
        SpaceError: if it can't be made.
    """
    with _SequencesOnCPU():
        known = torchvision_name(backbone.name)
        if known is not None:
            return call_torchvision(known, backbone.as_dict(), shape.classes)
        return call_own(backbone.name, backbone.as_dict(), shape)


def _yields(backbone: Choice) -> bool:
    return backbone.as_dict().get("builtin_se") == "replace"


class _SequencesOnCPU(TorchFunctionMode):
    """Lets constructors compute with short sequences also while modules are made without data."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in (torch.arange, torch.linspace, torch.tensor):
            kwargs = {"device": "cpu", **kwargs}
        return func(*args, **kwargs)

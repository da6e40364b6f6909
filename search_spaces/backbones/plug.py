"""Attention into any module, without a change of its code."""

from __future__ import annotations

import copy
from functools import cache, partial

import torch
from torch import Tensor, nn

from search_spaces.architecture import Architecture, Choice, Start
from search_spaces.backbones.insertion import insert
from search_spaces.backbones.traced import Study, examine
from search_spaces.backbones.tracing import Opened, open_model
from search_spaces.build import attention_module, check_choices
from search_spaces.errors import SpaceError


def plug(model: nn.Module, architecture: Architecture, example_input: Tensor) -> nn.Module:
    """Put an architecture's attention into a model.

    The stages and positions are found by tracing; ``PATH.output`` stands behind any module, such as
    ``features.4.output``. ``nas inspect package.module:factory`` prints them all.

    Args:
        model: any CNN; it is not changed.
        architecture: its backbone is not looked at.
        example_input: images (B, C, H, W) as the model takes them, on its device.

    Returns:
        a copy with attention: its state dict has the model's keys unchanged, less those of
        convolutions that attention stands for, and ``attention.STAGE_POSITION.NUMBER…``. With
        identity start it computes what the model does, unless a convolution was replaced.

    Raises:
        SpaceError: for attention that can't stand where the architecture puts it, and a model that
            doesn't take such images.
    """
    opened = open_model(copy.deepcopy(model))
    known = _studied(opened, example_input, type(model).__name__)
    attention = {}
    for placement, whole in check_choices(architecture, known.sites).items():
        make = partial(_module_like, example_input, whole, start=architecture.start)
        attention[placement] = cache(make) if whole.shared else make
    return insert(opened, known.layout, attention, known.channels)


def _studied(opened: Opened, example: Tensor, name: str) -> Study:
    """On the meta device if the model's operations can, else really."""
    if example.dim() != 4:
        raise SpaceError(f"the example input has shape {tuple(example.shape)}, not (B, C, H, W)")
    image = example[:1]
    try:
        return examine(opened, torch.empty_like(image, device="meta"), name)
    except SpaceError:
        return examine(opened, image, name)


def _module_like(
    example: Tensor, choice: Choice, channels: int, start: Start, **convolution: int
) -> nn.Module:
    """Attention of the example's type on its device."""
    return attention_module(choice, channels, start, **convolution).to(example)

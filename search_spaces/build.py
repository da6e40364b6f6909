"""From an architecture to a module."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import Any

from torch import nn

from search_spaces.architecture import Architecture, Choice, Placement, Start, TaskShape
from search_spaces.backbones.table import (
    Sites,
    absent,
    backbone_row,
    blocked,
    complete_backbone,
    placement_sites,
    refused_at,
)
from search_spaces.catalogue import attention_type, check_position, complete
from search_spaces.errors import SpaceError


def build(architecture: Architecture, shape: TaskShape) -> nn.Module:
    """Build the model on torch's default device; ``with torch.device("meta")`` costs no memory.

    Args:
        architecture: missing axes take their defaults.
        shape: of one image, and the class count.

    Returns:
        a module from (B, channels, height, width) to logits (B, classes).

    Raises:
        SpaceError: for unknown names, refused values, and attention that can't stand where the
            architecture puts it; the message names the placement.
    """
    backbone = complete_backbone(architecture.backbone.name, architecture.backbone.as_dict())
    sites = placement_sites(backbone, shape)
    attention = {
        placement: maker(choice, architecture.start)
        for placement, choice in check_choices(architecture, sites).items()
    }
    row = backbone_row(backbone.name)
    make = _load(row.target)
    if row.traced:
        module = make(backbone, shape, attention)
    else:
        named = {str(placement): maker for placement, maker in attention.items()}
        module = make(shape.channels, shape.classes, **backbone.as_dict(), attention=named)
    assert isinstance(module, nn.Module)
    return module


def maker(choice: Choice, start: Start) -> Callable[..., nn.Module]:
    """Makes the modules of a placement from ``channels``: always the same where it is shared."""
    make = partial(attention_module, choice, start=start)
    return cache(make) if choice.shared else make


def attention_module(choice: Choice, channels: int, start: Start, **convolution: int) -> nn.Module:
    """One attention module on torch's default device, (B, C, H, W) in and out.

    Args:
        choice: with every axis.
        channels: of the feature map.
        start: ``identity`` or ``paper``.
        convolution: ``out_channels`` and ``stride`` of the convolution that it stands for.
    """
    make = _load(attention_type(choice.name).target)
    module = make(channels, **convolution, **choice.module_axes(), start=start)
    assert isinstance(module, nn.Module)
    return module


def check_choices(architecture: Architecture, sites: Sites) -> dict[Placement, Choice]:
    """Complete an architecture's attention and refuse what can't stand, or not together.

    Raises:
        SpaceError: naming the placement.
    """
    attention = {
        placement: check_choice(placement, choice, sites)
        for placement, choice in architecture.attention
    }
    for placement, choice in attention.items():
        reason = blocked(placement, choice, attention)
        if reason is not None:
            raise SpaceError(f"{placement}: {reason}", (str(placement),))
    return attention


def check_choice(placement: Placement, choice: Choice, sites: Sites) -> Choice:
    """Complete a choice and refuse it where it can't stand.

    Raises:
        SpaceError: naming the placement.
    """
    try:
        if placement not in sites:
            raise SpaceError(absent(placement, sites))
        check_position(choice.name, placement.position)
        completed = complete(choice.name, choice.as_dict())
        reason = refused_at(completed, sites[placement], placement.position)
        if reason is not None:
            raise SpaceError(reason)
    except SpaceError as error:
        raise SpaceError(f"{placement}: {error}", (str(placement), *error.path)) from None
    return completed


def _load(target: str) -> Any:
    """What ``module:name`` names."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)

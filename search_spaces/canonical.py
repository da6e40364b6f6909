"""One form for all architectures that build the same model for a task. No torch import.

A ratio whose hidden width is bounded, a width above the channels, a kernel size that is adaptive
but comes out the same, one module shared by one block: written differently, built alike. Whoever
trains goes by this form, so that nothing is trained twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache

from search_spaces.architecture import SHARE, Architecture, Choice, TaskShape, Value
from search_spaces.backbones.row import Site
from search_spaces.backbones.table import complete_backbone, placement_sites
from search_spaces.catalogue import attention_type, complete

#: ``effect(site, axes, value)``: what a type makes of an axis' value; equal effects, equal modules.
Effect = Callable[[Site, Mapping[str, Value], int], int]


def canonical(architecture: Architecture, shape: TaskShape) -> Architecture:
    """The same model on images of this shape, in the form that all its spellings share.

    Raises:
        SpaceError: for unknown names or refused values.
    """
    backbone = complete_backbone(architecture.backbone.name, architecture.backbone.as_dict())
    sites = placement_sites(backbone, shape)
    attention = {
        placement: _plainest(complete(choice.name, choice.as_dict()), sites.get(placement, ()))
        for placement, choice in architecture.attention
    }
    return Architecture.of(backbone, attention, architecture.start)


@lru_cache(maxsize=65536)
def _plainest(choice: Choice, sites: tuple[Site, ...]) -> Choice:
    """The choice with the smallest values that build the same modules at these sites."""
    axes = choice.as_dict()
    if not sites:
        return choice
    if len(sites) == 1:
        axes.pop(SHARE, None)
    for name, value in choice.axes:
        effect = _effect(choice.name, name)
        if effect is not None and isinstance(value, int):
            axes[name] = _smallest(effect, axes, value, sites)
        elif value == "adaptive":
            sizes = {_adaptive_kernel(site.channels) for site in sites}
            axes[name] = sizes.pop() if len(sizes) == 1 else value
    return Choice.of(choice.name, axes)


def _smallest(
    effect: Effect, axes: Mapping[str, Value], value: int, sites: tuple[Site, ...]
) -> int:
    wanted = [effect(site, axes, value) for site in sites]
    return next(
        smaller
        for smaller in range(1, value + 1)
        if [effect(site, axes, smaller) for site in sites] == wanted
    )


def _effect(name: str, axis: str) -> Effect | None:
    """What this type makes of this axis; None where every value makes another module."""
    special = _SPECIAL.get((name, axis))
    if special is not None:
        return special
    gates = attention_type(name).family != "replace"
    return _hidden if gates and axis in ("ratio", "m_ratio", "n_ratio", "spatial_ratio") else None


def _hidden(site: Site, axes: Mapping[str, Value], ratio: int, least: int = 4) -> int:
    """``attention.parts.hidden_width``."""
    return min(site.channels, max(least, site.channels // ratio))


def _adaptive_kernel(channels: int) -> int:
    """``attention.channel.adaptive_kernel``."""
    size = int(abs((math.log2(channels) + 1) / 2))
    return size if size % 2 else size + 1


_SPECIAL: dict[tuple[str, str], Effect] = {
    ("coordinate", "ratio"): lambda site, axes, ratio: _hidden(site, axes, ratio, least=8),
    ("gsop", "width"): lambda site, axes, width: min(width, site.channels),
    ("sk", "ratio"): lambda site, axes, ratio: max(
        (site.outputs or site.channels) // ratio, int(axes["minimum"])
    ),
    ("split", "ratio"): lambda site, axes, ratio: max(
        (site.outputs or site.channels) * int(axes["radix"]) // ratio, 32
    ),
}

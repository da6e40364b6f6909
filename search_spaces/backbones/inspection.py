"""What a backbone consists of: stages, blocks, places for attention, and their costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import torch
from torch import nn

from search_spaces.amount import Cost
from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.attention_type import OUTPUT
from search_spaces.backbones.flow import Flow
from search_spaces.backbones.row import Site
from search_spaces.backbones.table import placement_sites
from search_spaces.backbones.traced import Study, examine
from search_spaces.backbones.tracing import open_model
from search_spaces.build import build
from search_spaces.cost import measure


@dataclass(frozen=True)
class Part:
    """A stage, or what lies before or behind the stages.

    Attributes:
        name: ``stem``, ``stage1`` …, ``head``.
        blocks: paths of its blocks.
        kind: their class; empty without blocks.
        map: (C, H, W) at its end; None of the head.
        cost: of all that is in it.
    """

    name: str
    blocks: tuple[str, ...]
    kind: str
    map: tuple[int, int, int] | None
    cost: Cost


@dataclass(frozen=True)
class Inspection:
    """A backbone as seen by one image size.

    Attributes:
        parts: in forward order; they add up to the whole backbone.
        positions: placements with the feature map of each module there.
        modules: the map behind every module that a placement can name by its path.
    """

    parts: tuple[Part, ...]
    positions: Mapping[Placement, tuple[Site, ...]]
    modules: Mapping[str, Site]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "parts": [
                {
                    "name": part.name,
                    "blocks": list(part.blocks),
                    "kind": part.kind,
                    "map": None if part.map is None else list(part.map),
                    "parameters": part.cost.parameters,
                    "forward_flops": part.cost.forward_flops,
                }
                for part in self.parts
            ],
            "parameters": sum(part.cost.parameters for part in self.parts),
            "forward_flops": sum(part.cost.forward_flops for part in self.parts),
            "positions": {str(p): [_map(s) for s in at] for p, at in self.positions.items()},
            "modules": {path: _map(site) for path, site in self.modules.items()},
        }


def inspect_backbone(backbone: Choice, shape: TaskShape) -> Inspection:
    """Take a backbone apart, without data.

    Args:
        backbone: a completed choice.
        shape: of one image, and the class count.

    Raises:
        SpaceError: if it can't be made, or takes no such images.
    """
    with torch.device("meta"):
        model = build(Architecture(backbone), shape)
    image = torch.empty(1, shape.channels, shape.height, shape.width, device="meta")
    opened = open_model(model)
    known = examine(opened, image, str(backbone))
    parts = _parts(known)
    rest = measure(opened.model, shape) - reduce(add, (part.cost for part in parts), Cost())
    sites = placement_sites(backbone, shape)
    return Inspection(
        (*parts, Part("head", (), "", None, rest)),
        {place: at for place, at in sites.items() if place.position != OUTPUT},
        {place.stage: at[0] for place, at in known.sites.items() if place.position == OUTPUT},
    )


def _parts(known: Study) -> list[Part]:
    """The stem, unless the first stage begins with it, and the stages."""
    flow, stages = known.flow, known.layout.stages
    counted: set[nn.Parameter] = set()
    parts, begin = [], 0
    if stages and stages[0].blocks:
        end = flow.index[known.layout.spots[Placement("stem", "stem_end")][0].value]
        parts.append(Part("stem", (), "", flow.seen[end].shape, _cost(flow, begin, end, counted)))
        begin = end + 1
    for stage in stages:
        kind = stage.blocks[0].kind if stage.blocks else ""
        paths = tuple(block.path for block in stage.blocks)
        cost = _cost(flow, begin, stage.end, counted)
        parts.append(Part(stage.name, paths, kind, flow.seen[stage.end].shape, cost))
        begin = stage.end + 1
    return parts


def _cost(flow: Flow, begin: int, end: int, counted: set[nn.Parameter]) -> Cost:
    """Of what made these values; every parameter counts where it is used first."""
    new = {p for i in range(begin, end + 1) for p in flow.parameters(i)} - counted
    counted |= new
    flops = sum(value.flops for value in flow.seen[begin : end + 1])
    return Cost(sum(parameter.numel() for parameter in new), flops)


def _map(site: Site) -> list[int]:
    return [site.channels, site.height, site.width]

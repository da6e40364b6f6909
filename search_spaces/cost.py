"""What an architecture costs, exact before any training: parameters and forward FLOPs.

FLOPs are those of one image's forward pass in eval mode: convolutions and matrix products, one
multiply-add counted as 2. Pointwise arithmetic, norms, activations and pooling count 0. What is
folded away once a model is trained (``search_spaces.folding``) counts nothing: the cost is that of
using the model. Nothing is computed: shapes alone pass through, on torch's meta device.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from functools import lru_cache, reduce
from operator import add

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from search_spaces.amount import Cost
from search_spaces.architecture import Architecture, Choice, Placement, Start, TaskShape
from search_spaces.backbones.table import Site, complete_backbone, placement_sites
from search_spaces.build import attention_module, build, check_choice
from search_spaces.folding import without
from search_spaces.space import SearchSpace


def measure(module: nn.Module, shape: TaskShape | Site) -> Cost:
    """Count a module's parameters and the FLOPs of one image or feature map of this shape.

    The module itself is neither run nor changed: a copy without data is.
    """
    ghost = without(copy.deepcopy(module)).to("meta").eval()
    image = torch.empty(1, shape.channels, shape.height, shape.width, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        ghost(image)
    parameters = sum(parameter.numel() for parameter in ghost.parameters())
    return Cost(parameters, counter.get_total_flops())


def cost_of(architecture: Architecture, shape: TaskShape) -> Cost:
    """The cost of the built model, by adding up parts that are each measured once.

    Exactly ``measure(build(architecture, shape), shape)``; microseconds once its parts are known.

    Raises:
        SpaceError: as ``build``.
    """
    total = _backbone_cost(architecture.backbone, shape)
    for placement, choice in architecture.attention:
        total += _placed_cost(architecture.backbone, shape, placement, choice, architecture.start)
    return total


def cost_range(space: SearchSpace, shape: TaskShape) -> tuple[Cost, Cost]:
    """The least and the greatest cost in a space, each field by itself, without enumerating it.

    Raises:
        SpaceError: if the space holds attention that can't stand on these feature maps.
    """
    lows, highs = [], []
    for backbone in space.backbones:
        slots = [[_backbone_cost(backbone, shape)]]
        for options in space.options:
            slots.append([_option_cost(backbone, shape, o, space.start) for o in options])
        lows.append(reduce(add, (_extreme(min, costs) for costs in slots)))
        highs.append(reduce(add, (_extreme(max, costs) for costs in slots)))
    return _extreme(min, lows), _extreme(max, highs)


def _extreme(pick: Callable[[Iterable[int]], int], costs: list[Cost]) -> Cost:
    """The least or greatest of each field."""
    return Cost(pick(c.parameters for c in costs), pick(c.forward_flops for c in costs))


def _option_cost(
    backbone: Choice, shape: TaskShape, option: tuple[Placement, Choice] | None, start: Start
) -> Cost:
    return Cost() if option is None else _placed_cost(backbone, shape, *option, start)


@lru_cache(maxsize=4096)
def _backbone_cost(backbone: Choice, shape: TaskShape) -> Cost:
    with torch.device("meta"):
        return measure(build(Architecture(backbone), shape), shape)


@lru_cache(maxsize=65536)
def _placed_cost(
    backbone: Choice, shape: TaskShape, placement: Placement, choice: Choice, start: Start
) -> Cost:
    """All modules of one placement together, less what they stand for."""
    sites = placement_sites(complete_backbone(backbone.name, backbone.as_dict()), shape)
    choice = check_choice(placement, choice, sites)
    here = sites[placement]
    added = reduce(add, (_module_cost(choice, site, start) - Cost(*site.freed) for site in here))
    if choice.shared:
        added -= Cost(parameters=(len(here) - 1) * _module_cost(choice, here[0], start).parameters)
    return added


@lru_cache(maxsize=65536)
def _module_cost(choice: Choice, site: Site, start: Start) -> Cost:
    with torch.device("meta"):
        module = attention_module(choice, site.channels, start, **site.convolution)
        return measure(module, site)

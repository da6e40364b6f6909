"""Finds the attention modules of a model and reads what goes in and comes out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle

from torch import Tensor, nn

from search_spaces.architecture import Architecture, Choice, Placement
from search_spaces.catalogue import POSITIONS, attention_type


@dataclass(frozen=True)
class Placed:
    """An attention module in a model."""

    path: str
    module: nn.Module
    placement: Placement
    block: int
    choice: Choice

    @property
    def family(self) -> str:
        """``gate``, ``context``, ``replace`` or ``warp``; a scaling GC is a gate."""
        if self.choice.as_dict().get("fusion") == "scale":
            return "gate"
        return attention_type(self.choice.name).family


#: Gets a module, its input and its output, both (B, C, H, W).
Read = Callable[[Placed, Tensor, Tensor], None]


def placed_modules(model: nn.Module, architecture: Architecture) -> list[Placed]:
    """Find each attention module by the path that building gave it, in forward order."""
    found = []
    for path, module in model.named_modules(remove_duplicate=False):
        for placement, choice in architecture.attention:
            block = _block(path, placement)
            if block is not None:
                found.append(Placed(path, module, placement, block, choice))
    return sorted(found, key=_order)


def _order(placed: Placed) -> tuple[int, str, bool, int, int]:
    """Stem, stages, backbone; in a stage by block, what stands behind it last."""
    stage, position = placed.placement.stage, placed.placement.position
    outer = {"stem": 0, "backbone": 2}.get(stage, 1)
    inner = POSITIONS.index(position) if position in POSITIONS else len(POSITIONS)
    last = position == "stage_end"
    return outer, stage, last, placed.block, inner


@contextmanager
def watched(placed: list[Placed], read: Read) -> Iterator[None]:
    """Read every pass of these modules inside the block.

    A module that several blocks share is each of them in turn; all of them must be ``placed``.
    """
    blocks: dict[nn.Module, list[Placed]] = {}
    for one in placed:
        blocks.setdefault(one.module, []).append(one)

    def hook_of(turns: Iterator[Placed]) -> Callable[[nn.Module, tuple[Tensor], Tensor], None]:
        return lambda _, inputs, output: read(next(turns), inputs[0], output)

    handles = [m.register_forward_hook(hook_of(cycle(ones))) for m, ones in blocks.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _block(path: str, placement: Placement) -> int | None:
    """The block's number if a path is one of the placement's modules, else None."""
    stage, position = placement.stage, placement.position
    names = {
        "stem_end": "attention_stem_end",
        "backbone_end": "attention_backbone_end",
        "stage_end": f"attention_stage_end.{stage}",
    }
    if path == names.get(position):
        return 0
    layer = stage.replace("stage", "layer")
    inside = re.fullmatch(rf"{re.escape(layer)}\.(\d+)\.attention_{position}", path)
    plugged = rf"(?:.*\.)?(?:plugged_)?attention\.{stage.replace('.', '_')}_{position}\.(\d+)"
    match = inside or re.fullmatch(plugged, path)
    return None if match is None else int(match[1])

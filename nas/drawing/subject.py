"""What is drawn of an architecture: stages, the attention in and between them, exact costs.

No torch import: a subject that was measured once (``nas.drawing.measured``) is kept as JSON and
drawn from that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from search_spaces.amount import Cost
from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.backbones.row import Site


@dataclass(frozen=True)
class Placed:
    """The attention of one placement.

    Attributes:
        choice: complete.
        family: ``gate``, ``context``, ``replace`` or ``warp``.
        modules: how many stand there: one a block, or one.
        cost: what they add together, less what they replace.
    """

    placement: Placement
    choice: Choice
    family: str
    modules: int
    cost: Cost


@dataclass(frozen=True)
class Stage:
    """A group of blocks.

    Attributes:
        channels: that it gives; height and width: of its map.
        blocks: how many.
        positions: that its blocks have.
        known: whether the blocks are those of our own ResNets; of others only the positions are.
        widens: whether such a block ends in more channels than its 3x3 convolution has.
    """

    name: str
    channels: int
    height: int
    width: int
    blocks: int
    positions: tuple[str, ...]
    known: bool
    widens: bool


@dataclass(frozen=True)
class Subject:
    """Everything that a picture tells."""

    architecture: Architecture
    shape: TaskShape
    stem: Site | None
    stages: tuple[Stage, ...]
    placed: tuple[Placed, ...]
    backbone: Cost
    total: Cost

    @property
    def attention(self) -> Cost:
        """What all attention adds, less what it replaces."""
        return self.total - self.backbone

    def at(self, stage: str, position: str) -> Placed | None:
        """The attention that stands there."""
        place = Placement(stage, position)
        return next((found for found in self.placed if found.placement == place), None)

    @property
    def elsewhere(self) -> tuple[Placed, ...]:
        """Attention behind single modules, which are named by their paths."""
        return tuple(placed for placed in self.placed if placed.placement.position == "output")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the architecture and every number of the picture."""
        return {
            "architecture": self.architecture.to_dict(),
            "shape": asdict(self.shape),
            "stem": None if self.stem is None else _size(self.stem),
            "stages": [asdict(stage) for stage in self.stages],
            "attention": [self._row(placed) for placed in self.placed],
            "backbone": asdict(self.backbone),
            "total": asdict(self.total),
        }

    def _row(self, placed: Placed) -> dict[str, Any]:
        return {
            "placement": str(placed.placement),
            "type": placed.choice.name,
            **placed.choice.as_dict(),
            "family": placed.family,
            "modules": placed.modules,
            "cost": asdict(placed.cost),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Subject:
        """What ``to_dict`` made."""
        architecture = Architecture.from_dict(data["architecture"])
        stages = [
            Stage(**{**each, "positions": tuple(each["positions"])}) for each in data["stages"]
        ]
        placed = [
            Placed(place, choice, row["family"], row["modules"], Cost(**row["cost"]))
            for (place, choice), row in zip(architecture.attention, data["attention"], strict=True)
        ]
        return cls(
            architecture,
            TaskShape(**data["shape"]),
            Site(**data["stem"]) if data["stem"] else None,
            tuple(stages),
            tuple(placed),
            Cost(**data["backbone"]),
            Cost(**data["total"]),
        )


def _size(site: Site) -> dict[str, int]:
    return {"channels": site.channels, "height": site.height, "width": site.width}

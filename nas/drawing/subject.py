"""What is drawn of an architecture: stages, the attention in and between them, exact costs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from nas.errors import UsageProblem
from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.backbones.table import (
    Site,
    Sites,
    backbone_row,
    complete_backbone,
    placement_sites,
)
from search_spaces.build import check_choices
from search_spaces.catalogue import attention_type
from search_spaces.cost import Cost, cost_of
from search_spaces.errors import SpaceError

#: What stands in no block of a stage.
_OUTSIDE = ("stage_end", "output")


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


def subject_of(architecture: Architecture, shape: TaskShape) -> Subject:
    """Find stages and costs of an architecture.

    Args:
        architecture: missing axes take their defaults.
        shape: of one image, and the class count.

    Raises:
        UsageProblem: if it can't be built for such images; names the placement.
    """
    try:
        return _subject(architecture, shape)
    except SpaceError as error:
        raise UsageProblem(f"this architecture can't be built: {error}") from None


def _subject(given: Architecture, shape: TaskShape) -> Subject:
    backbone = complete_backbone(given.backbone.name, given.backbone.as_dict())
    sites = placement_sites(backbone, shape)
    architecture = Architecture.of(backbone, check_choices(given, sites), given.start)
    plain = cost_of(Architecture(backbone), shape)
    placed = []
    for place, choice in architecture.attention:
        alone = cost_of(Architecture(backbone, ((place, choice),), given.start), shape)
        family = attention_type(choice.name).family
        placed.append(Placed(place, choice, family, len(sites[place]), alone - plain))
    stem = sites.get(Placement("stem", "stem_end"), (None,))[0]
    names = [place.stage for place in sites if place.position == "stage_end"]
    own = "backbones.resnet:" in backbone_row(backbone.name).target
    stages = tuple(_stage(name, sites, own) for name in names)
    total = cost_of(architecture, shape)
    return Subject(architecture, shape, stem, stages, tuple(placed), plain, total)


def _stage(name: str, sites: Sites, known: bool) -> Stage:
    here = {place.position: found for place, found in sites.items() if place.stage == name}
    inside = {position: found for position, found in here.items() if position not in _OUTSIDE}
    last = here["stage_end"][0]
    blocks = max((len(found) for found in inside.values()), default=1)
    inner = inside.get("after_3x3", (last,))[-1]
    widens = inner.channels != last.channels
    return Stage(name, last.channels, last.height, last.width, blocks, tuple(inside), known, widens)

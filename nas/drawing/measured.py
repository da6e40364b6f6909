"""Measures what is drawn of an architecture: its stages, its attention, exact costs."""

from __future__ import annotations

from nas.drawing.subject import Placed, Stage, Subject
from nas.errors import UsageProblem
from search_spaces.architecture import Architecture, Placement, TaskShape
from search_spaces.backbones.table import (
    Sites,
    backbone_row,
    complete_backbone,
    placement_sites,
)
from search_spaces.build import check_choices
from search_spaces.catalogue import attention_type
from search_spaces.cost import cost_of
from search_spaces.errors import SpaceError

#: What stands in no block of a stage.
_OUTSIDE = ("stage_end", "output")


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

"""Hand-made rules that every job trains first, so that the verdict has something to stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.backbones.table import placement_sites, refused_at, stage_names
from search_spaces.catalogue import attention_type, complete
from search_spaces.space import SearchSpace


@dataclass(frozen=True)
class Baseline:
    """An architecture by rule; ``label`` is the rule's name."""

    label: str
    architecture: Architecture


def baselines(
    space: SearchSpace, shape: TaskShape, cost: Callable[[Architecture], float]
) -> tuple[Baseline, ...]:
    """The rules for a space.

    No attention on every backbone of the space; SE everywhere, CBAM everywhere and SE in the later
    half of the stages (the rule of MobileNetV3, Howard et al., ICCV 2019, table 1) on the middle
    one by cost.
    """
    plain = [Architecture.of(backbone, {}, space.start) for backbone in space.backbones]
    plain.sort(key=cost)
    middle = plain[(len(plain) - 1) // 2].backbone
    stages = stage_names(middle, shape)
    late = stages[len(stages) // 2 :]
    rules = [("se everywhere", "se", stages), ("cbam everywhere", "cbam", stages)]
    rules.append(("se late", "se", late))
    found = [Baseline("none", architecture) for architecture in plain]
    for label, kind, where in rules:
        attention = _everywhere(space, shape, middle, kind, where)
        if len(attention) == len(where):
            found.append(Baseline(label, Architecture.of(middle, attention, space.start)))
    return tuple(found)


def _everywhere(
    space: SearchSpace, shape: TaskShape, backbone: Choice, kind: str, stages: Iterable[str]
) -> dict[Placement, Choice]:
    """A choice of this type for each stage: the space's own where it offers one, or the paper's."""
    sites = placement_sites(backbone, shape)
    row = attention_type(kind)
    attention: dict[Placement, Choice] = {}
    for stage in stages:
        offered = [
            option
            for slot, options in zip(space.slots, space.options, strict=True)
            if slot.stage == stage
            for option in options
            if option is not None and option[1].name == kind
        ]
        offered.sort(key=lambda option: option[0].position != row.default_position)
        for placement, choice in [*offered, *_by_the_paper(kind, stage)]:
            here = sites.get(placement)
            if here is not None and refused_at(choice, here, placement.position) is None:
                attention[placement] = choice
                break
    return attention


def _by_the_paper(kind: str, stage: str) -> list[tuple[Placement, Choice]]:
    """Where its paper puts it; at the stage's end in stages that don't have that position."""
    places = [Placement(stage, attention_type(kind).default_position)]
    places.append(Placement(stage, "stage_end"))
    ratios = (16, 8, 4, 2, 1)
    return [(place, complete(kind, {"ratio": ratio})) for place in places for ratio in ratios]

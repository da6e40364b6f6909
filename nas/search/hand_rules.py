"""What the hand rules build on a space: one function a rule, in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from search_spaces.architecture import Architecture, Choice, Placement, TaskShape, Value
from search_spaces.attention_type import is_stage, positions_in
from search_spaces.backbones.table import absent, placement_sites, refused_at, stage_names
from search_spaces.catalogue import attention_type, complete
from search_spaces.errors import SpaceError
from search_spaces.offers import NONE
from search_spaces.space import SearchSpace

#: The type of the rules that people use by hand.
_BY_HAND = "se"


@dataclass(frozen=True)
class Built:
    """A rule on a backbone: an architecture, or the reason why there is none."""

    label: str
    architecture: Architecture | None
    reason: str = ""


@dataclass(frozen=True)
class Ground:
    """What rules stand on.

    Attributes:
        space: of the job.
        shape: of its images.
        plain: the space's backbones without attention, by rising cost.
        middle: the backbone that rules with attention stand on.
    """

    space: SearchSpace
    shape: TaskShape
    plain: tuple[Architecture, ...]
    middle: Choice

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """Of the middle backbone, in forward order."""
        return stage_names(self.middle, self.shape)

    @cached_property
    def types(self) -> tuple[str, ...]:
        """That the space offers, in its order."""
        offered = [offer.name for slot in self.space.slots for offer in slot.offers]
        return tuple(dict.fromkeys(name for name in offered if name != NONE))

    def placed(self, label: str, kind: str, stages: Iterable[str]) -> Built:
        """A type in each of these stages: as the space offers it there, or as in its paper."""
        attention: dict[Placement, Choice] = {}
        if not (stages := tuple(stages)):
            return Built(label, None, "the backbone has no stages that are known")
        for stage in stages:
            found = self._fitting(kind, stage)
            if isinstance(found, str):
                return Built(label, None, found)
            attention[found[0]] = found[1]
        return Built(label, Architecture.of(self.middle, attention, self.space.start))

    def _fitting(self, kind: str, stage: str) -> tuple[Placement, Choice] | str:
        sites = placement_sites(self.middle, self.shape)
        reason = f"{kind} has no place in {stage}"
        tried = [*self._offered(kind, stage), *by_the_paper(kind, stage)]
        for placement, choice in tried:
            here = sites.get(placement)
            if here is None:
                reason = absent(placement, sites)
            elif (refused := refused_at(choice, here, placement.position)) is None:
                return placement, choice
            else:
                reason = f"at {placement} {refused}"
        return reason

    def _offered(self, kind: str, stage: str) -> list[tuple[Placement, Choice]]:
        """The space's own, its paper's position first."""
        found = [
            option
            for slot, options in zip(self.space.slots, self.space.options, strict=True)
            if slot.stage == stage
            for option in options
            if option is not None and option[1].name == kind
        ]
        usual = attention_type(kind).default_position
        return sorted(found, key=lambda option: option[0].position != usual)

    def places(self, kind: str) -> tuple[str, ...]:
        """Every stage; for a type that can't stand in one, wherever the space offers it."""
        inside = any(place in attention_type(kind).positions for place in positions_in("stage1"))
        if inside and self.stages:
            return self.stages
        slots = [slot for slot in self.space.slots if not is_stage(slot.stage)]
        return tuple(s.stage for s in slots if any(offer.name == kind for offer in s.offers))


def by_the_paper(kind: str, stage: str) -> list[tuple[Placement, Choice]]:
    """A type where and as its paper has it; at the stage's end, and smaller, where that can't be.

    Whole numbers (ratios, kernel sizes, groups, heads) are halved until they fit a narrow stage.
    """
    row = attention_type(kind)
    here = [p for p in (row.default_position, "stage_end") if p in row.positions]
    places = [Placement(stage, p) for p in dict.fromkeys(here) if p in positions_in(stage)]
    return [(place, choice) for place in places for choice in dict.fromkeys(_smaller(kind))]


def _smaller(kind: str) -> Iterator[Choice]:
    axes = [axis for axis in attention_type(kind).axes if not axis.values]
    for halvings in range(8):
        given: dict[str, Value] = {}
        for axis in axes:
            if isinstance(axis.default, int) and not isinstance(axis.default, bool):
                half = max(1, axis.default >> halvings)
                given[axis.name] = half if axis.accepts(half) else half | 1
        yield complete(kind, given)


def _none(ground: Ground) -> Iterator[Built]:
    """The rules' backbone first, then each farthest from those before, so that few span all."""
    left = list(range(len(ground.plain)))
    taken = [next(i for i in left if ground.plain[i].backbone == ground.middle)]
    left.remove(taken[0])
    while left:
        taken.append(max(left, key=lambda i: min(abs(i - j) for j in taken)))
        left.remove(taken[-1])
    return (Built("none", ground.plain[i]) for i in taken)


def _late(ground: Ground) -> Iterator[Built]:
    """Howard et al., Searching for MobileNetV3, ICCV 2019, table 1: SE in the later stages."""
    yield ground.placed("se late", _BY_HAND, ground.stages[len(ground.stages) // 2 :])


def _se_everywhere(ground: Ground) -> Iterator[Built]:
    yield ground.placed(f"{_BY_HAND} everywhere", _BY_HAND, ground.stages)


def _last(ground: Ground) -> Iterator[Built]:
    """SE where the space offers it, else its first type that can stand in a stage."""
    able = [kind for kind in ground.types if ground.places(kind) == ground.stages]
    kind = _BY_HAND if _BY_HAND in able or not able else able[0]
    for count in range(1, len(ground.stages)):
        yield ground.placed(f"{kind} last {count}", kind, ground.stages[-count:])


def _each_everywhere(ground: Ground) -> Iterator[Built]:
    for kind in ground.types:
        yield ground.placed(f"{kind} everywhere", kind, ground.places(kind))


#: Rule, by the names and in the order of ``nas.job_file.baselines.RULES``.
HAND_RULES: Mapping[str, Callable[[Ground], Iterator[Built]]] = {
    "none": _none,
    "se late": _late,
    "se everywhere": _se_everywhere,
    "last k": _last,
    "each everywhere": _each_everywhere,
}


def why_not(architecture: Architecture, shape: TaskShape) -> tuple[Placement | None, str] | None:
    """Where and why an architecture can't be built for these images, or None."""
    try:
        sites = placement_sites(architecture.backbone, shape)
    except SpaceError as error:
        return None, str(error)
    for placement, choice in architecture.attention:
        if placement not in sites:
            return placement, absent(placement, sites)
        reason = refused_at(choice, sites[placement], placement.position)
        if reason is not None:
            return placement, reason
    return None

"""Which hand rules a job trains first, so that the verdict has something to stand on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nas.job_file.baselines import on_backbone, own_architecture
from nas.search.hand_rules import HAND_RULES, Built, Ground, why_not
from search_spaces.amount import Cost
from search_spaces.architecture import Architecture, TaskShape
from search_spaces.canonical import canonical
from search_spaces.cost import cost_of
from search_spaces.errors import SpaceError
from search_spaces.space import SearchSpace

#: Of ``search.trials``: rules beyond this share are skipped, unless they were asked for by name.
SHARE = 1 / 3


@dataclass(frozen=True)
class Baseline:
    """An architecture by rule; ``label`` is the rule's name."""

    label: str
    architecture: Architecture


@dataclass(frozen=True)
class Baselines:
    """What a job trains first.

    Attributes:
        chosen: in the order of training.
        skipped: label and reason of every rule that is left out.
    """

    chosen: tuple[Baseline, ...]
    skipped: tuple[tuple[str, str], ...]


def choose_baselines(
    wanted: Mapping[str, Any],
    space: SearchSpace,
    shape: TaskShape,
    limits: Mapping[str, float],
    trials: int,
) -> Baselines:
    """The rules for a job, in order of priority, and what is left out for which reason.

    The priority: no attention, SE in the later stages, SE everywhere, the last k stages, the user's
    own, each type everywhere. With ``rules: true`` they take at most a third of the trials, so that
    a small budget is left to the search; the first is always trained, and so is what the user
    asked for: rules by name, and all of their own.

    Args:
        wanted: ``search.baselines`` as ``nas.job_file.baselines.read_baselines`` gives it.
        space: of the job.
        shape: of its images.
        limits: upper limits by cost name; a latency is not known here.
        trials: ``search.trials``.
    """
    ground = ground_of(space, shape, limits)
    room = max(1, int(trials * SHARE)) if wanted["rules"] is True else trials
    chosen: dict[Architecture, Baseline] = {}
    skipped: dict[str, str] = {}
    for own, built in _candidates(wanted, ground):
        same = built.architecture and canonical(built.architecture, shape)
        if same in chosen or built.label in skipped:
            continue
        reason = built.reason or _over(built.architecture, shape, limits)
        if not reason and len(chosen) >= room and not own:
            reason = f"baselines take at most a third of search.trials, here {room} of {trials}"
        if built.architecture is None or same is None or reason:
            skipped[_described(built, space)] = reason
        else:
            chosen[same] = Baseline(built.label, built.architecture)
    place = {architecture: i for i, architecture in enumerate(ground.plain)}
    found = sorted(chosen.values(), key=lambda b: place.get(b.architecture, len(place)))
    return Baselines(tuple(found), tuple(skipped.items()))


def ground_of(space: SearchSpace, shape: TaskShape, limits: Mapping[str, float]) -> Ground:
    """The plain backbones by cost, and the middle one of those within the limits."""
    plain = [Architecture.of(backbone, {}, space.start) for backbone in space.backbones]
    plain.sort(key=lambda architecture: cost_of(architecture, shape).forward_flops)
    within = [a for a in plain if not _over(a, shape, limits)] or plain
    return Ground(space, shape, tuple(plain), within[(len(within) - 1) // 2].backbone)


def own_baselines(wanted: Mapping[str, Any], ground: Ground) -> Iterator[Baseline]:
    """The user's own; the middle backbone where they name none."""
    for label, own in wanted["own"].items():
        named = own_architecture(label, own, ground.space)
        yield Baseline(label, named or on_backbone(own, ground.middle, ground.space))


def refused_own(
    wanted: Mapping[str, Any], space: SearchSpace, shape: TaskShape, limits: Mapping[str, float]
) -> list[SpaceError]:
    """The user's own baselines that can't be built, with paths below ``own``."""
    errors = []
    if wanted["own"]:
        for baseline in own_baselines(wanted, ground_of(space, shape, limits)):
            found = why_not(baseline.architecture, shape)
            if found is not None:
                place, reason = found
                below = ("backbone",) if place is None else ("attention", str(place))
                errors.append(SpaceError(reason, (baseline.label, *below)))
    return errors


def _candidates(wanted: Mapping[str, Any], ground: Ground) -> Iterator[tuple[bool, Built]]:
    """Every baseline by priority, and whether it is the user's own."""
    rules = wanted["rules"]
    names = list(HAND_RULES) if rules is True else rules or []
    for name, rule in HAND_RULES.items():
        if name == "each everywhere":  # the user's own come before what nobody asked for
            yield from (
                (True, Built(b.label, b.architecture)) for b in own_baselines(wanted, ground)
            )
        if name in names:
            yield from ((False, built) for built in rule(ground))


def _described(built: Built, space: SearchSpace) -> str:
    """Its label; one of several plain backbones by the axes that vary."""
    if built.label != "none" or built.architecture is None:
        return built.label
    varying = [axis.name for axis in space.backbone.axes if len(axis.values) > 1]
    axes = built.architecture.backbone.as_dict()
    words = ", ".join(f"{name} {axes[name]}" for name in varying)
    return f"none ({words})" if words else "none"


def _over(architecture: Architecture | None, shape: TaskShape, limits: Mapping[str, float]) -> str:
    """The first limit that it exceeds, in words; empty if none."""
    if architecture is None or not limits:
        return ""
    cost: Cost = cost_of(architecture, shape)
    for name, limit in limits.items():
        value = getattr(cost, name, None)
        if value is not None and value > limit:
            return f"{name} {value:,} is over the limit of {limit:,g}"
    return ""

"""The one table of backbones: factory, axes, stages, feature-map sizes. No torch import."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import import_module

from search_spaces.architecture import Choice, Placement, TaskShape, Value
from search_spaces.attention_type import IN_BLOCKS, OUTPUT, POSITIONS, is_stage
from search_spaces.axes import resolve
from search_spaces.backbones.row import Backbone, Site, Sites
from search_spaces.backbones.rows_own import OWN
from search_spaces.backbones.rows_torchvision import FAMILIES
from search_spaces.catalogue import attention_type, refusal
from search_spaces.errors import SpaceError, unknown

__all__ = [
    "BACKBONES",
    "Backbone",
    "Site",
    "Sites",
    "absent",
    "backbone_row",
    "blocked",
    "complete_backbone",
    "placement_sites",
    "refused_at",
    "stage_names",
    "torchvision_name",
]

#: Where ours has a name already, torchvision's model takes this before it.
PREFIX = "torchvision/"

_TRACED = "search_spaces.backbones.traced"


def _traced_sites(name: str) -> Callable[[Mapping[str, Value], TaskShape], Sites]:
    def sites(axes: Mapping[str, Value], shape: TaskShape) -> Sites:
        found: Sites = import_module(_TRACED).traced_sites(Choice.of(name, axes), shape)
        return found

    return sites


def _torchvision() -> Iterator[tuple[str, Backbone]]:
    for names, count, axes, paper in FAMILIES:
        stages = tuple(f"stage{number}" for number in range(1, count + 1))
        for model in names:
            name = f"{PREFIX}{model}" if model in OWN else model
            target = f"{_TRACED}:build_traced"
            text = f"{paper}; torchvision.models.{model}"
            yield name, Backbone(target, axes, stages, _traced_sites(name), text, traced=True)


BACKBONES: dict[str, Backbone] = {**OWN, **dict(_torchvision())}


def _own_factory(name: str) -> Backbone:
    module, _, attribute = name.partition(":")
    if not attribute.isidentifier() or not all(p.isidentifier() for p in module.split(".")):
        raise SpaceError(f"backbone {name!r} is not of the form package.module:factory", ("name",))
    target = f"{_TRACED}:build_traced"
    return Backbone(target, (), (), _traced_sites(name), name, traced=True, free=True)


def torchvision_name(name: str) -> str | None:
    """What torchvision calls the model of a row; None where the model is not torchvision's."""
    row = BACKBONES.get(name)
    return None if row is None or not row.traced else name.removeprefix(PREFIX)


def backbone_row(name: str) -> Backbone:
    """Look a backbone up; ``package.module:factory`` names a user's own, which is not looked at.

    Raises:
        SpaceError: for an unknown name, with the nearest spelling; ``path`` is ``("name",)``.
    """
    if isinstance(name, str) and ":" in name:
        return _own_factory(name)
    try:
        return BACKBONES[name]
    except (KeyError, TypeError):
        raise SpaceError(unknown("backbone", name, BACKBONES), ("name",)) from None


def complete_backbone(name: str, axes: Mapping[str, Value]) -> Choice:
    """Fill in the defaults: the canonical choice.

    Raises:
        SpaceError: for an unknown backbone or axis, or a refused value; ``path`` names the key.
    """
    return Choice.of(name, resolve(name, backbone_row(name).axes_for(axes), axes))


@lru_cache(maxsize=4096)
def placement_sites(backbone: Choice, shape: TaskShape) -> Sites:
    """Feature-map sizes at every placement, one for each module that stands there.

    ``replace_3x3``, ``after_3x3``, ``pre_add``, ``shortcut`` and ``post_add`` stand in every block
    of the stage; ``stage_end`` stands once, before the next stage's down-sampling; ``stem_end`` and
    ``backbone_end`` stand once in the network.

    Args:
        backbone: a completed choice.
        shape: of one input image.
    """
    return backbone_row(backbone.name).sites(backbone.as_dict(), shape)


def stage_names(backbone: Choice, shape: TaskShape) -> tuple[str, ...]:
    """The stages of a completed choice, in forward order."""
    sites = placement_sites(backbone, shape)
    return tuple(place.stage for place in sites if place.position == "stage_end")


def absent(placement: Placement, sites: Sites) -> str:
    """The text for a placement that a backbone doesn't have: the nearest of those that it has."""
    same = [str(place) for place in sites if place.stage == placement.stage]
    if is_stage(placement.stage) and same and placement.position in POSITIONS:
        has = ", ".join(place.position for place in sites if place.stage == placement.stage)
        return f"{placement.stage} has no {placement.position} in this backbone; it has {has}"
    by_path = placement.position == OUTPUT
    return unknown("placement", placement, [p for p in sites if (p.position == OUTPUT) == by_path])


def refused_at(choice: Choice, sites: Iterable[Site], position: str) -> str | None:
    """Why a choice can't stand at one of the sites of this position, or None."""
    sites = tuple(sites)
    if choice.shared and (reason := _unshareable(sites, position)) is not None:
        return f"{choice}: {reason}"
    if attention_type(choice.name).folds and not all(site.folds for site in sites):
        return (
            f"{choice}: no batch norm or convolution stands right before {position} here, into "
            f"which it could be folded (a ReLU or a max pooling may lie between)"
        )
    for site in dict.fromkeys(sites):
        for channels in site.widths:
            reason = refusal(choice, channels, site.height, site.width, position)
            if reason is not None:
                return reason
    return None


def blocked(placement: Placement, choice: Choice, others: Iterable[Placement]) -> str | None:
    """Why a choice can't stand beside attention at other placements, or None."""
    replaced = Placement(placement.stage, "replace_3x3")
    folds = attention_type(choice.name).folds and placement.position == "after_3x3"
    if folds and replaced in others:
        return f"{choice}: the norm into which it is folded is gone where {replaced} is filled"
    return None


def _unshareable(sites: tuple[Site, ...], position: str) -> str | None:
    """Why the sites of this position can't share one module, or None."""
    if position not in IN_BLOCKS:
        allowed = ", ".join(IN_BLOCKS)
        return f"share has no meaning at {position}, where one module stands; allowed: {allowed}"
    strides, widths = {site.stride for site in sites}, {w for site in sites for w in site.widths}
    if len({(site.channels, site.outputs, site.stride) for site in sites}) == 1:
        return None
    differ = f"strides {_list(strides)}" if len(strides) > 1 else f"{_list(widths)} channels"
    return f"the blocks here have {differ}, so that they can't share one module"


def _list(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))

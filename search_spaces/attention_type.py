"""What the catalogue knows of one attention type, and the words its rows use. No torch import."""

from __future__ import annotations

from dataclasses import dataclass

from search_spaces.axes import Axis
from search_spaces.guards import Guard

#: Where attention may stand, in forward order.
POSITIONS = (
    "stem_end",
    "replace_3x3",
    "after_3x3",
    "pre_add",
    "shortcut",
    "post_add",
    "stage_end",
    "backbone_end",
)

#: Positions that exist once, outside of the stages, and what a placement names for a stage there.
SINGLE = {"stem_end": "stem", "backbone_end": "backbone"}

#: Positions in every block of a stage, where its blocks may share one module.
IN_BLOCKS = ("replace_3x3", "after_3x3", "pre_add", "shortcut", "post_add")

#: The position behind a module that a placement names by its path in place of a stage.
OUTPUT = "output"

#: How a channel gate s and a spatial gate m act on x; ``l`` marks logits before the sigmoid.
COMPOSITIONS = (
    "serial_cs",  # m(s·x)·(s·x)
    "serial_sc",  # s(m·x)·(m·x)
    "par_sum",  # (s + m)·x
    "par_prod",  # s·m·x
    "par_max",  # max(s, m)·x
    "par_logit_sum",  # sigmoid(ls + lm)·x
    "par_logit_prod",  # sigmoid(ls · lm)·x
)

#: For gates: in every block of a stage, behind it, and around the stages.
BLOCK = ("stem_end", "after_3x3", "pre_add", "post_add", "stage_end", "backbone_end")

#: For gates over channels alone: on the shortcut too, which a mask over positions would blur.
CHANNEL = (
    "stem_end",
    "after_3x3",
    "pre_add",
    "shortcut",
    "post_add",
    "stage_end",
    "backbone_end",
)

#: For what is folded into the norm before it: at ``after_3x3`` and ``stem_end`` past a ReLU.
BEHIND_NORM = ("stem_end", "after_3x3", "pre_add")

#: Where nothing else adds to the same sum.
BETWEEN = ("stem_end", "post_add", "stage_end", "backbone_end")


def is_stage(place: str) -> bool:
    """Whether a placement names a stage: neither ``stem`` nor ``backbone``, nor a module's path."""
    return place.startswith("stage") and place.removeprefix("stage").isdecimal()


def positions_in(place: str) -> tuple[str, ...]:
    """The positions of a stage, of ``stem`` or ``backbone``, or behind a module."""
    if is_stage(place):
        return tuple(position for position in POSITIONS if position not in SINGLE)
    return tuple(position for position, only in SINGLE.items() if only == place) or (OUTPUT,)


@dataclass(frozen=True)
class AttentionType:
    """One row of the catalogue.

    Attributes:
        target: ``module:Class``; the class maps (B, C, H, W) to (B, C, H, W) and takes
            ``channels`` and the axes as keywords, and ``start``; family ``replace`` takes
            ``out_channels`` and ``stride`` too.
        family: ``gate`` multiplies, ``context`` adds, ``replace`` stands for a convolution,
            ``warp`` moves pixels.
        positions: where the type may stand.
        axes: its hyperparameters.
        paper: the source, with section or equation.
        guards: refuse a choice at a feature map's (channels, height, width).
        default_position: where the paper puts it.
        guards_at: further guards that hold at one position only.
        folds: once trained it is folded into the norm or convolution before it and costs nothing;
            it stands only where there is one.
    """

    target: str
    family: str
    positions: tuple[str, ...]
    axes: tuple[Axis, ...]
    paper: str
    default_position: str
    guards: tuple[Guard, ...] = ()
    guards_at: tuple[tuple[str, Guard], ...] = ()
    folds: bool = False

    def axis(self, name: str) -> Axis | None:
        """The axis of this name."""
        return next((axis for axis in self.axes if axis.name == name), None)

    def guards_for(self, position: str | None) -> tuple[Guard, ...]:
        """The guards that hold at a position; None for those that hold at all."""
        return (*self.guards, *(guard for place, guard in self.guards_at if place == position))

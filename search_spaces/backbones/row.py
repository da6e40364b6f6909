"""What the table knows of one backbone, and of a place in it. No torch import."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from search_spaces.architecture import Placement, TaskShape, Value
from search_spaces.attention_type import SINGLE, is_stage
from search_spaces.axes import Axis


@dataclass(frozen=True)
class Site:
    """One image's feature map that one attention module gets.

    Attributes:
        outputs: channels behind the 3x3 convolution that the module stands for; None where it
            stands for none.
        stride: of that convolution.
        freed: parameters and FLOPs of what the module stands for.
        folds: whether a factor for each channel can be folded into the layer before.
    """

    channels: int
    height: int
    width: int
    outputs: int | None = None
    stride: int = 1
    freed: tuple[int, int] = (0, 0)
    folds: bool = field(default=False, compare=False)

    @property
    def widths(self) -> tuple[int, ...]:
        """Every channel count that a choice must suit here."""
        return (self.channels,) if self.outputs is None else (self.channels, self.outputs)

    @property
    def convolution(self) -> dict[str, int]:
        """What a module that stands for a convolution is told beside ``channels``."""
        return {} if self.outputs is None else {"out_channels": self.outputs, "stride": self.stride}


#: Every placement of a backbone, with one site for each module that attention there inserts.
Sites = Mapping[Placement, tuple[Site, ...]]


@dataclass(frozen=True)
class Backbone:
    """One row of the table.

    Attributes:
        target: ``module:function``; of a traced backbone it takes the choice, the task's shape and
            ``attention``; of any other it takes the image's channels, the class count, the axes as
            keywords and ``attention``, a mapping of ``stage1.pre_add`` to a factory of modules from
            ``channels``, at ``replace_3x3`` from ``out_channels`` and ``stride`` as well.
        axes: what may vary beside attention.
        stages: names, in forward order.
        sites: feature-map sizes at every placement; by arithmetic, or by tracing (loads torch).
        paper: the source.
        traced: made elsewhere; places are found in it, and any module's path is one too.
        free: its axes are not known: any name with any value goes to its factory.
    """

    target: str
    axes: tuple[Axis, ...]
    stages: tuple[str, ...]
    sites: Callable[[Mapping[str, Value], TaskShape], Sites]
    paper: str
    traced: bool = False
    free: bool = False

    @property
    def places(self) -> tuple[str, ...]:
        """The stages with what lies before and behind them."""
        return (SINGLE["stem_end"], *self.stages, SINGLE["backbone_end"])

    def places_with(self, used: Iterable[str]) -> tuple[str, ...]:
        """The places, and those used beside them: stages by number, then modules' paths."""
        others = [name for name in dict.fromkeys(used) if name not in self.places]
        numbers = sorted(int(n.removeprefix("stage")) for n in others if is_stage(n))
        extra = [f"stage{number}" for number in numbers]
        paths = [name for name in others if not is_stage(name)]
        first, *rest = self.places
        return (first, *rest[:-1], *extra, rest[-1], *paths)

    def axes_for(self, given: Iterable[str]) -> tuple[Axis, ...]:
        """The axes, with those given where any is taken."""
        return tuple(map(_any_value, given)) if self.free else self.axes

    def axis(self, name: str) -> Axis | None:
        """The axis of this name."""
        return next((axis for axis in self.axes if axis.name == name), None)


def _any_value(name: str) -> Axis:
    return Axis(name, "", lambda _: True, "whatever its factory takes")

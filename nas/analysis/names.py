"""Short names for a job's architectures: what they all share goes without saying."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nas.analysis.front import Point
from nas.analysis.people import Axes, attention_words, backbone_words
from search_spaces.architecture import backbones_in

Described = Mapping[str, Any]


@dataclass(frozen=True)
class Names:
    """How to name a job's architectures.

    Attributes:
        backbone: axes of the backbone that vary in the job; None: all that it has.
        attention: (type, axis) without which two of the architectures shown had the same name.
    """

    backbone: frozenset[str] | None = None
    attention: Axes = frozenset()

    @classmethod
    def of(cls, shown: Sequence[Described], every: Iterable[Described]) -> Names:
        """Names for these architectures of a job, as ``Architecture.to_dict``.

        Args:
            shown: that must be told apart.
            every: backbones of the job, for what varies in it.
        """
        values: dict[str, set[Any]] = defaultdict(set)
        for backbone in every:
            for axis, value in backbone.items():
                values[axis].add(value)
        varying = frozenset(axis for axis, seen in values.items() if len(seen) > 1)
        return cls(varying, _telling(shown, varying))

    def built(self, architecture: Described) -> str:
        """``se in stage3, depth 8, width 16``; without what never varies."""
        words = [attention_words(architecture, self.attention), self.size(architecture)]
        return ", ".join(word for word in words if word)

    def attention_of(self, point: Point) -> str:
        """``se in stage3``, a rule's name, or ``no attention``."""
        rule = point.label if point.has_attention else ""
        return rule or attention_words(point.architecture, self.attention)

    def size(self, architecture: Described) -> str:
        """``depth 8, width 16``; empty where the backbone never varies."""
        return backbone_words(architecture, self.backbone)

    def short(self, point: Point) -> str:
        """``se in stage3``; a plain backbone by its axes, as its attention can't tell it apart."""
        return self.attention_of(point) if point.has_attention else self.full(point)

    def full(self, point: Point) -> str:
        """``se in stage3, depth 8, width 16``."""
        words = [self.attention_of(point), self.size(point.architecture)]
        return ", ".join(word for word in words if word)


def names_for(shown: Sequence[Point], architectures: Iterable[str]) -> Names:
    """Names that tell these points of a job apart.

    Args:
        shown: the points.
        architectures: all of the job as canonical JSON, for what varies in it.
    """
    return Names.of([point.architecture for point in shown], backbones_in(architectures))


def _telling(shown: Sequence[Described], varying: frozenset[str]) -> Axes:
    """Axes in which architectures differ that would otherwise be called the same."""
    called: dict[str, list[Described]] = defaultdict(list)
    for architecture in shown:
        plain = attention_words(architecture) + backbone_words(architecture, varying)
        called[plain].append(architecture)
    found: set[tuple[str, str]] = set()
    for group in called.values():
        for place, choice in group[0]["attention"].items():
            others = [architecture["attention"][place] for architecture in group]
            axes = {axis for other in others for axis in other if axis != "type"}
            for axis in axes:
                if len({str(other.get(axis)) for other in others}) > 1:
                    found.add((choice["type"], axis))
    return frozenset(found)

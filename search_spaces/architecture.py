"""An architecture: a backbone and the attention at its placements. No torch import."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Value = str | int | float | bool
Start = Literal["identity", "paper"]

FORMAT = 1

#: The axis of every attention choice that all blocks of its stage share one module.
SHARE = "share"


@dataclass(frozen=True)
class TaskShape:
    """What a model is built for: one image's channels, height and width, and the class count."""

    channels: int
    height: int
    width: int
    classes: int


@dataclass(frozen=True, order=True)
class Placement:
    """Where attention stands: a stage (``stage1`` … counted from the stem) and a position in it.

    Before and behind the stages, ``stem.stem_end`` and ``backbone.backbone_end``; behind any
    module of a traced backbone, its path and ``output``.
    """

    stage: str
    position: str

    def __str__(self) -> str:
        return f"{self.stage}.{self.position}"

    @classmethod
    def parse(cls, text: str) -> Placement:
        """Read ``stage1.pre_add``, or ``features.4.output`` where a module is named by its path.

        Raises:
            ValueError: if the text is not ``STAGE.POSITION``.
        """
        stage, dot, position = text.rpartition(".")
        if not (stage and dot and position):
            raise ValueError(f"placement {text!r} is not of the form STAGE.POSITION")
        return cls(stage, position)


@dataclass(frozen=True, order=True)
class Choice:
    """A name with its active axes, sorted: an attention type or a backbone with hyperparameters.

    Only active axes are held (no ratio where nothing is reduced), every one of them with an
    explicit value, so that equal things are equal values.
    """

    name: str
    axes: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def of(cls, name: str, axes: Mapping[str, Value] | None = None) -> Choice:
        """Sort the axes into canonical order."""
        return cls(name, tuple(sorted((axes or {}).items())))

    def as_dict(self) -> dict[str, Value]:
        """The axes as a plain mapping."""
        return dict(self.axes)

    @property
    def shared(self) -> bool:
        """Whether the blocks of a stage share one attention module; only true is written down.

        Huang et al., DIANet: Dense-and-Implicit Attention Network, AAAI 2020, Section 3; here any
        type may be shared, and without their recurrence.
        """
        return self.as_dict().get(SHARE) is True

    def module_axes(self) -> dict[str, Value]:
        """What the class of an attention type takes: the axes of one module."""
        return {name: value for name, value in self.axes if name != SHARE}

    def __str__(self) -> str:
        inner = ", ".join(f"{key}={value}" for key, value in self.axes)
        return f"{self.name}({inner})" if inner else self.name


@dataclass(frozen=True)
class Architecture:
    """One point of a search space: what to build, and nothing about how to train it.

    Attributes:
        backbone: the CNN and its own axes (depth, width).
        attention: placements that carry attention, sorted; a placement without attention is absent.
        start: ``identity`` inserts attention without changing the backbone's output at step 0;
            ``paper`` initialises each type as its paper (or official code) does.
    """

    backbone: Choice
    attention: tuple[tuple[Placement, Choice], ...] = ()
    start: Start = "identity"

    @classmethod
    def of(
        cls,
        backbone: Choice,
        attention: Mapping[Placement, Choice] | None = None,
        start: Start = "identity",
    ) -> Architecture:
        """Sort the placements into canonical order."""
        return cls(backbone, tuple(sorted((attention or {}).items())), start)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready mapping; ``from_dict`` reads it back."""
        return {
            "format": FORMAT,
            "backbone": {"name": self.backbone.name, **self.backbone.as_dict()},
            "attention": {
                str(place): {"type": choice.name, **choice.as_dict()}
                for place, choice in self.attention
            },
            "start": self.start,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Architecture:
        """Read what ``to_dict`` wrote.

        Raises:
            ValueError: if the format is not one that this version reads.
        """
        if data.get("format") != FORMAT:
            found = data.get("format")
            raise ValueError(f"architecture format {found!r} is unknown, not {FORMAT}")
        backbone = dict(data["backbone"])
        attention = {}
        for place, axes in data["attention"].items():
            axes = dict(axes)
            attention[Placement.parse(place)] = Choice.of(axes.pop("type"), axes)
        return cls.of(Choice.of(backbone.pop("name"), backbone), attention, data["start"])

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no spaces; equal architectures give equal text."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Architecture:
        """Read canonical JSON."""
        return cls.from_dict(json.loads(text))

    @property
    def hash(self) -> str:
        """A stable hash of the canonical JSON: 16 hexadecimal digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    def __str__(self) -> str:
        parts = [str(self.backbone)]
        parts += [f"{place}: {choice}" for place, choice in self.attention]
        return " · ".join(parts) if self.attention else f"{self.backbone} · no attention"


def backbones_in(texts: Iterable[str]) -> list[dict[str, Any]]:
    """The different backbones among architectures, as in ``Architecture.to_dict``.

    Quick for thousands: in canonical JSON the backbone begins what follows the attention, so what
    is the same from there on is read once.

    Args:
        texts: canonical JSON of each.
    """
    tails = dict.fromkeys(text[text.index(_BACKBONE) :] for text in texts)
    found: list[dict[str, Any]] = [json.loads("{" + tail)["backbone"] for tail in tails]
    return found


_BACKBONE = '"backbone":{'

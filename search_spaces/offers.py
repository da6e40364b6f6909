"""What a search space offers: names with values for their axes, slot by slot. No torch import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from search_spaces.architecture import Choice, Placement, Value
from search_spaces.attention_type import is_stage

#: The offer of no attention.
NONE = "none"

#: What ``when`` calls the position that is chosen.
POSITION = "position"


@dataclass(frozen=True)
class OfferedAxis:
    """One axis and the values offered for it.

    Attributes:
        name: the axis.
        values: at least one, distinct.
        when: the axis exists only where an earlier axis, or ``position``, has one of these values.
        quiet: false is not written down.
    """

    name: str
    values: tuple[Value, ...]
    when: tuple[str, tuple[Value, ...]] | None = None
    quiet: bool = False

    def active(self, chosen: Mapping[str, Value]) -> bool:
        """Whether this axis exists beside what is chosen already."""
        return self.when is None or chosen.get(self.when[0]) in self.when[1]

    def put(self, chosen: Mapping[str, Value], value: Value) -> dict[str, Value]:
        """What is chosen with this axis' value."""
        return {**chosen} if self.quiet and value is False else {**chosen, self.name: value}


@dataclass(frozen=True)
class Offer:
    """A backbone or an attention type with everything that may be chosen about it.

    Attributes:
        name: a backbone, an attention type or ``none``.
        axes: in the catalogue's order; axes that can never be active are absent.
        positions: where the type may stand; empty for backbones and ``none``.
    """

    name: str
    axes: tuple[OfferedAxis, ...] = ()
    positions: tuple[str, ...] = ()

    def choices(self, position: str = "") -> tuple[Choice, ...]:
        """Every distinct choice at a position, inactive axes left out."""
        found: list[dict[str, Value]] = [{}]
        for axis in self.axes:
            found = [
                put
                for chosen in found
                for put in (
                    [axis.put(chosen, value) for value in axis.values]
                    if axis.active({**chosen, POSITION: position})
                    else [chosen]
                )
            ]
        return tuple(Choice.of(self.name, chosen) for chosen in found)

    def axes_dict(self) -> dict[str, Value | list[Value]]:
        """The axes as a job file has them: one value, or a list where there is a choice."""
        return {
            axis.name: axis.values[0] if len(axis.values) == 1 else list(axis.values)
            for axis in self.axes
        }


@dataclass(frozen=True)
class Entry:
    """One item of a space's ``attention`` list: offers that its stages share.

    Attributes:
        stages: some of the backbone's, or ``stem``, ``backbone`` or a module's path alone.
        offers: for each of them.
    """

    stages: tuple[str, ...]
    offers: tuple[Offer, ...]

    @property
    def positions(self) -> tuple[str, ...]:
        """Every position that some offer may take."""
        return tuple(dict.fromkeys(p for offer in self.offers for p in offer.positions))

    def to_dict(self) -> dict[str, Any]:
        """The entry as a job file has it, every default written out."""
        types: dict[str, Any] = {}
        for offer in self.offers:
            positions = {"positions": list(offer.positions)} if offer.positions else {}
            types[offer.name] = {**positions, **offer.axes_dict()}
        alone = [stage for stage in self.stages if not is_stage(stage)]
        numbers = [int(stage.removeprefix("stage")) for stage in self.stages if stage not in alone]
        return {"stages": alone[0] if alone else numbers, "types": types}


@dataclass(frozen=True)
class Slot:
    """One choice to make: an entry at one of its stages.

    Attributes:
        name: ``stage1``; the second entry that touches the stage makes ``stage1+2``.
        stage: where it stands.
        entry: index of the entry.
        offers: what may stand there, ``none`` among them where nothing may.
    """

    name: str
    stage: str
    entry: int
    offers: tuple[Offer, ...]

    def options(self) -> tuple[tuple[Placement, Choice] | None, ...]:
        """Every distinct way to fill the slot; None leaves it without attention."""
        filled: list[tuple[Placement, Choice] | None] = []
        for offer in self.offers:
            if offer.name == NONE:
                filled.append(None)
                continue
            for position in offer.positions:
                placement = Placement(self.stage, position)
                filled += [(placement, choice) for choice in offer.choices(position)]
        return tuple(filled)


def slots_of(entries: tuple[Entry, ...], stages: tuple[str, ...]) -> tuple[Slot, ...]:
    """One slot for each stage of each entry, by stage, then in the order of the entries."""
    slots = []
    for stage in stages:
        here = [(i, entry) for i, entry in enumerate(entries) if stage in entry.stages]
        for count, (index, entry) in enumerate(here, start=1):
            name = stage if count == 1 else f"{stage}+{count}"
            slots.append(Slot(name, stage, index, entry.offers))
    return tuple(slots)

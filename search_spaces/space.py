"""A search space: everything that a job's ``space`` section allows. No torch import."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

from search_spaces.architecture import Architecture, Choice, Placement, Start, TaskShape, Value
from search_spaces.backbones.table import (
    Sites,
    absent,
    backbone_row,
    blocked,
    placement_sites,
    refused_at,
)
from search_spaces.errors import SpaceError, SpaceErrors
from search_spaces.offers import NONE, POSITION, Entry, Offer, Slot, slots_of
from search_spaces.space_reader import read_space

#: ``choose(name, values)`` answers one question of a walk with one of the values.
Choose = Callable[[str, tuple[Value, ...]], Value]

#: Another parameter's name and the values of it that bring a parameter into being.
Condition = tuple[str, tuple[Value, ...]]


@dataclass(frozen=True)
class Parameter:
    """One question of a walk.

    Attributes:
        name: ``stage1.se.ratio``.
        values: at least two.
        conditions: all must hold for the question to be asked.
    """

    name: str
    values: tuple[Value, ...]
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class SearchSpace:
    """What may be chosen: the backbone's axes and, slot by slot, the attention.

    Attributes:
        backbone: with the values of its axes.
        entries: the ``attention`` list.
        start: of every architecture in the space.
    """

    backbone: Offer
    entries: tuple[Entry, ...]
    start: Start = "identity"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SearchSpace:
        """Read the ``space`` section of a job file (its form: ``search_spaces.space_reader``).

        Raises:
            SpaceErrors: with everything that is wrong, each with its path in ``data``.
        """
        return cls(*read_space(data))

    def to_dict(self) -> dict[str, Any]:
        """The canonical section: every default written out; ``from_dict`` reads it back."""
        return {
            "backbone": {"name": self.backbone.name, **self.backbone.axes_dict()},
            "start": self.start,
            "attention": [entry.to_dict() for entry in self.entries],
        }

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """The choices to make, by stage, then in the order of the entries."""
        used = [stage for entry in self.entries for stage in entry.stages]
        return slots_of(self.entries, backbone_row(self.backbone.name).places_with(used))

    @cached_property
    def backbones(self) -> tuple[Choice, ...]:
        """Every combination of the backbone's axes."""
        return self.backbone.choices()

    @cached_property
    def options(self) -> tuple[tuple[tuple[Placement, Choice] | None, ...], ...]:
        """For each slot, every distinct way to fill it."""
        return tuple(slot.options() for slot in self.slots)

    def size(self) -> int:
        """How many distinct architectures there are."""
        return len(self.backbones) * prod(len(options) for options in self.options)

    def at(self, index: int) -> Architecture:
        """The architecture of this index in ``enumerate``'s order.

        Raises:
            IndexError: outside of 0 … size − 1.
        """
        if not 0 <= index < self.size():
            raise IndexError(f"index {index} is outside of a space of {self.size()}")
        index, which = divmod(index, len(self.backbones))
        attention = {}
        for options in self.options:
            index, option = divmod(index, len(options))
            if (filled := options[option]) is not None:
                attention[filled[0]] = filled[1]
        return Architecture.of(self.backbones[which], attention, self.start)

    def enumerate(self) -> Iterator[Architecture]:
        """Every architecture once."""
        return (self.at(index) for index in range(self.size()))

    def walk(self, choose: Choose) -> Architecture:
        """Build an architecture by asking ``choose``, in a fixed order, for what is open.

        Only active parameters with at least two values are asked.

        Raises:
            SpaceError: if an answer is not one of the values.
        """
        backbone = _walk_axes("backbone", self.backbone, choose)
        attention = {}
        for slot in self.slots:
            name = _ask(choose, f"{slot.name}.type", tuple(offer.name for offer in slot.offers))
            if name == NONE:
                continue
            offer = next(offer for offer in slot.offers if offer.name == name)
            prefix = f"{slot.name}.{name}"
            position = str(_ask(choose, f"{prefix}.{POSITION}", offer.positions))
            choice = _walk_axes(prefix, offer, choose, position)
            attention[Placement(slot.stage, position)] = choice
        return Architecture.of(backbone, attention, self.start)

    def parameters(self) -> tuple[Parameter, ...]:
        """Every parameter that a walk may ask, in its order, with its conditions."""
        found = list(_axis_parameters("backbone", self.backbone, ()))
        for slot in self.slots:
            kind = f"{slot.name}.type"
            names = tuple(offer.name for offer in slot.offers)
            found.append(Parameter(kind, names))
            for offer in slot.offers:
                only = ((kind, (offer.name,)),) if len(names) > 1 else ()
                prefix = f"{slot.name}.{offer.name}"
                found.append(Parameter(f"{prefix}.{POSITION}", offer.positions, only))
                found += _axis_parameters(prefix, offer, only)
        return tuple(parameter for parameter in found if len(parameter.values) > 1)

    def sample(self, rng: random.Random) -> Architecture:
        """Draw with equal chances for each answer of a walk."""
        return self.walk(lambda _, values: rng.choice(values))

    def sample_uniform(self, rng: random.Random) -> Architecture:
        """Draw with equal chances for each architecture."""
        return self.at(rng.randrange(self.size()))

    def params_of(self, architecture: Architecture) -> dict[str, Value]:
        """The answers that make ``walk`` build this architecture, in their order.

        Raises:
            SpaceError: if it is not in the space.
        """
        facts = self._facts(architecture)
        asked: dict[str, Value] = {}

        def answer(name: str, values: tuple[Value, ...]) -> Value:
            asked[name] = facts.get(name, values[0])
            return asked[name]

        if self.walk(answer) != architecture:
            raise SpaceError(f"{architecture} is not in the space")
        return asked

    def _facts(self, architecture: Architecture) -> dict[str, Value]:
        """Every parameter's value in an architecture, also of what a walk doesn't ask."""
        facts = {f"backbone.{name}": value for name, value in architecture.backbone.axes}
        attention = dict(architecture.attention)
        for slot in self.slots:
            facts[f"{slot.name}.type"] = NONE
            for position in self.entries[slot.entry].positions:
                choice = attention.get(Placement(slot.stage, position))
                if choice is not None:
                    prefix = f"{slot.name}.{choice.name}"
                    facts[f"{slot.name}.type"] = choice.name
                    facts[f"{prefix}.{POSITION}"] = position
                    facts.update({f"{prefix}.{name}": value for name, value in choice.axes})
        return facts

    def __contains__(self, architecture: object) -> bool:
        if not isinstance(architecture, Architecture):
            return False
        try:
            self.params_of(architecture)
        except SpaceError:
            return False
        return True

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        """Every architecture that one other answer gives.

        Another type keeps the position and the equally named axes where it offers the same
        values, and takes the first value elsewhere.

        Raises:
            SpaceError: if the architecture is not in the space.
        """
        answers = self.params_of(architecture)
        values = {parameter.name: parameter.values for parameter in self.parameters()}
        for name, kept in answers.items():
            for value in values[name]:
                if not _same(value, kept):
                    yield self.walk(_changed(self._facts(architecture), name, value))

    def check(self, shape: TaskShape) -> None:
        """Refuse what can't stand on the feature maps that images of this shape make.

        Raises:
            SpaceErrors: one for each type and placement that some backbone of the space refuses.
        """
        errors: dict[tuple[int, str, Placement], SpaceError] = {}
        for backbone in self.backbones:
            try:
                sites = placement_sites(backbone, shape)
            except SpaceError as problem:
                raise SpaceErrors([problem.under("backbone")]) from None
            for slot, options in zip(self.slots, self.options, strict=True):
                others = self._beside(slot)
                for placement, choice in filter(None, options):
                    reason = _reason(placement, choice, sites)
                    reason = reason or blocked(placement, choice, others)
                    if reason is not None:
                        path = ("attention", slot.entry, "types", choice.name)
                        error = SpaceError(f"{placement} of {backbone}: {reason}", path)
                        errors.setdefault((slot.entry, choice.name, placement), error)
        if errors:
            raise SpaceErrors(errors.values())

    def _beside(self, slot: Slot) -> set[Placement]:
        """Every placement that another slot of the same stage may fill."""
        return {
            Placement(other.stage, position)
            for other in self.slots
            if other.stage == slot.stage and other.name != slot.name
            for offer in other.offers
            for position in offer.positions
        }


def _reason(placement: Placement, choice: Choice, sites: Sites) -> str | None:
    """Why a choice can't stand there, or None."""
    if placement not in sites:
        return absent(placement, sites)
    return refused_at(choice, sites[placement], placement.position)


def _same(left: Value, right: Value) -> bool:
    """Equality that tells True from 1."""
    return left == right and type(left) is type(right)


def _ask(choose: Choose, name: str, values: tuple[Value, ...]) -> Value:
    if len(values) == 1:
        return values[0]
    answer = choose(name, values)
    if not any(_same(answer, value) for value in values):
        raise SpaceError(f"{name} is {answer!r}; allowed: {', '.join(map(str, values))}")
    return answer


def _walk_axes(prefix: str, offer: Offer, choose: Choose, position: str = "") -> Choice:
    chosen: dict[str, Value] = {}
    for axis in offer.axes:
        if axis.active({**chosen, POSITION: position}):
            chosen = axis.put(chosen, _ask(choose, f"{prefix}.{axis.name}", axis.values))
    return Choice.of(offer.name, chosen)


def _axis_parameters(
    prefix: str, offer: Offer, conditions: tuple[Condition, ...]
) -> Iterable[Parameter]:
    open_axes = {axis.name for axis in offer.axes if len(axis.values) > 1}
    if len(offer.positions) > 1:
        open_axes.add(POSITION)
    for axis in offer.axes:
        own = conditions
        if axis.when is not None and axis.when[0] in open_axes:
            own = (*conditions, (f"{prefix}.{axis.when[0]}", axis.when[1]))
        yield Parameter(f"{prefix}.{axis.name}", axis.values, own)


def _changed(facts: Mapping[str, Value], name: str, value: Value) -> Choose:
    """Answer as ``facts`` do but for one name; a new type inherits what the old one had."""
    old, new = {**facts}, {**facts, name: value}
    if name.endswith(".type"):
        slot = name.removesuffix("type")
        before, after = f"{slot}{old[name]}.", f"{slot}{value}."
        for key in old:
            if key.startswith(before):
                new[after + key.removeprefix(before)] = old[key]

    def answer(asked: str, values: tuple[Value, ...]) -> Value:
        kept = new.get(asked, values[0])
        return kept if any(_same(kept, v) for v in values) else values[0]

    return answer

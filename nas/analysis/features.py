"""Architectures as features of the additive model, and the combinations that answer questions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nas.analysis.additive import FREE, Observations
from nas.analysis.moments import Floats, Integers

#: An architecture as ``Architecture.to_dict``.
Described = Mapping[str, Any]

#: ("backbone", axis, value), ("type", type), ("place", placement, type) or
#: ("axis", type, axis, value); ahead of the first two, "rung" and its place for what differs there.
Feature = tuple[Any, ...]


@dataclass(frozen=True)
class Features:
    """The features of a job's architectures.

    A type's effect at a placement is the type's own, wherever it stands, and a deviation: few
    trials at one placement learn from the others. Effects of the backbone and of types may differ
    from rung to rung.

    Attributes:
        names: of the columns.
        rungs: how many.
        values: how often each value of a type's axis was seen, by (type, axis).
    """

    names: tuple[Feature, ...]
    rungs: int
    values: Mapping[tuple[str, str], Counter[Any]]
    _column: dict[Feature, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_column", {name: i for i, name in enumerate(self.names)})

    @classmethod
    def of(cls, architectures: Sequence[Described], rungs: int) -> Features:
        """Of what was seen; what all share is no feature."""
        values: dict[tuple[str, str], Counter[Any]] = defaultdict(Counter)
        seen: Counter[Feature] = Counter()
        for described in architectures:
            seen.update(dict.fromkeys(_plain(described), 1))  # a set has an order of its own
            for choice in described["attention"].values():
                for axis, value in choice.items():
                    if axis != "type":
                        values[choice["type"], axis][value] += 1
        axes = {key: counts for key, counts in values.items() if len(counts) > 1}
        names = [name for name, count in seen.items() if count < len(architectures)]
        names += [("axis", *key, value) for key, counts in axes.items() for value in counts]
        shared = [name for name in names if name[0] in ("backbone", "type")]
        by_rung = [("rung", r, *name) for r in range(rungs) for name in shared] if rungs > 1 else []
        levels = [("rung", r) for r in range(rungs)]
        ordered = sorted(names, key=repr)
        return cls((*levels, *ordered, *by_rung), rungs, axes)

    @property
    def block(self) -> Integers:
        """One variance for each axis of the backbone, for types, places, axes, and for rungs."""
        kinds: dict[Any, int] = {}
        found = []
        for name in self.names:
            if name[0] == "rung" and len(name) == 2:
                found.append(FREE)
                continue
            key = name[:2] if name[0] == "backbone" else (name[0], *name[2:3])
            key = key if name[0] in ("backbone", "rung") else name[:1]
            found.append(kinds.setdefault(key, len(kinds)))
        return np.array(found, dtype=np.int64)

    def observations(self, seen: Iterable[tuple[Described, str, int, float]]) -> Observations:
        """Rows of (architecture, its name, rung, value)."""
        listed = list(seen)
        built = {name: described for described, name, _, _ in listed}
        groups = {name: i for i, name in enumerate(built)}
        group = np.array([groups[name] for _, name, _, _ in listed], dtype=np.int64)
        rung = np.array([rung for _, _, rung, _ in listed], dtype=np.int64)
        values = np.array([value for *_, value in listed], dtype=np.float64)
        rows = self._rows(list(built.values()), group, rung)
        return Observations(rows, self.block, group, rung, values)

    def _rows(self, built: Sequence[Described], group: Integers, rung: Integers) -> Floats:
        """Each architecture is looked up once; what differs by rung is copied beside."""
        columns = [
            [self._column[name] for name in (*_plain(one), *_axes(one)) if name in self._column]
            for one in built
        ]
        owner = np.repeat(np.arange(len(built)), [len(each) for each in columns])
        plain = np.zeros((len(built), len(self.names)))
        np.add.at(plain, (owner, np.array([c for each in columns for c in each], dtype=int)), 1)
        rows = plain[group]
        for at in range(self.rungs):
            here = np.flatnonzero(rung == at)
            rows[here, self._column["rung", at]] += 1
            twice = [(c, self._column.get(("rung", at, *n))) for n, c in self._column.items()]
            for column, copy in twice:
                if copy is not None:
                    rows[here, copy] += plain[group[here], column]
        return rows

    def backbone(self, axis: str, value: Any) -> Floats:
        """What a value of a backbone's axis is worth at the last rung."""
        return self._weights([("backbone", axis, value)])

    def place(self, placement: str, kind: str) -> Floats:
        """What a type at a placement is worth at the last rung, its axes as they were seen."""
        weights = self._weights([("type", kind), ("place", placement, kind)])
        for (owner, axis), counts in self.values.items():
            if owner == kind:
                for value, count in counts.items():
                    weights += self.axis(kind, axis, value) * count / counts.total()
        return weights

    def axis(self, kind: str, axis: str, value: Any) -> Floats:
        """What a value of a type's axis is worth."""
        return self._weights([("axis", kind, axis, value)])

    def _weights(self, names: Iterable[Feature]) -> Floats:
        weights = np.zeros(len(self.names))
        self._add(weights, names, self.rungs - 1)
        return weights

    def _add(self, row: Floats, names: Iterable[Feature], rung: int) -> None:
        for name in names:
            for column in (name, ("rung", rung, *name)):
                if column in self._column:
                    row[self._column[column]] += 1


def _plain(described: Described) -> list[Feature]:
    found: list[Feature] = [
        ("backbone", axis, value) for axis, value in described["backbone"].items() if axis != "name"
    ]
    for place, choice in described["attention"].items():
        found += [("type", choice["type"]), ("place", place, choice["type"])]
    return found


def _axes(described: Described) -> list[Feature]:
    return [
        ("axis", choice["type"], axis, value)
        for choice in described["attention"].values()
        for axis, value in choice.items()
        if axis != "type"
    ]

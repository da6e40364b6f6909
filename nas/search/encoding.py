"""Parameter dictionaries as rows of integer codes, and moves between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int16]
Floats = NDArray[np.float64]

#: The code of a parameter that is not asked.
ABSENT = -1

#: An earlier column and the codes of it that bring a column into being.
Rule = tuple[int, frozenset[int]]


class Declared(Protocol):
    """One parameter of a declared space: ``search_spaces.space.Parameter`` is one."""

    @property
    def name(self) -> str:
        """As in Optuna."""

    @property
    def values(self) -> tuple[Any, ...]:
        """What it may be."""

    @property
    def conditions(self) -> tuple[tuple[str, tuple[Any, ...]], ...]:
        """Other parameters' names and the values of them that must hold, all of them."""


@dataclass(frozen=True)
class Encoding:
    """Columns of codes: value ``j`` of parameter ``i`` is code ``j`` in column ``i``.

    Attributes:
        names: parents before their children.
        values: of each column.
        rules: of each column: all must hold for the parameter to be asked.
    """

    names: tuple[str, ...] = ()
    values: tuple[tuple[Any, ...], ...] = ()
    rules: tuple[tuple[Rule, ...], ...] = ()
    _index: dict[str, dict[Any, int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {
            name: {_typed(value): code for code, value in enumerate(values)}
            for name, values in zip(self.names, self.values, strict=True)
        }
        object.__setattr__(self, "_index", index)

    @classmethod
    def declared(cls, parameters: Iterable[Declared]) -> Encoding:
        """Of a space whose parameters and conditions are known beforehand."""
        listed = list(parameters)
        names, values = tuple(p.name for p in listed), tuple(p.values for p in listed)
        free = cls(names, values, ((),) * len(listed))
        place = {name: column for column, name in enumerate(free.names)}
        rules = tuple(
            tuple((place[name], free._codes_of(name, those)) for name, those in p.conditions)
            for p in listed
        )
        return replace(free, rules=rules)

    def _codes_of(self, name: str, values: Iterable[Any]) -> frozenset[int]:
        """Codes of those values that the parameter can have; conditions may name others too."""
        index = self._index[name]
        return frozenset(index[_typed(v)] for v in values if _typed(v) in index)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """How many values each column has."""
        return np.array([len(values) for values in self.values], dtype=np.int64)

    @cached_property
    def roots(self) -> NDArray[np.int64]:
        """The unconditional column that each column hangs on; its own where it hangs on none."""
        roots: list[int] = []
        for column, rules in enumerate(self.rules):
            roots.append(roots[rules[0][0]] if rules else column)
        return np.array(roots, dtype=np.int64)

    @cached_property
    def families(self) -> tuple[tuple[int, ...], ...]:
        """Columns that ask the same of several places: equal but for digits in their names."""
        found: dict[Any, list[int]] = {}
        for column, (name, values) in enumerate(zip(self.names, self.values, strict=True)):
            key = (re.sub(r"\d+", "#", name), tuple(map(_typed, values)))
            found.setdefault(key, []).append(column)
        return tuple(tuple(columns) for columns in found.values() if len(columns) > 1)

    def encode(self, params: Mapping[str, Any]) -> Codes:
        """The row of a parameter dictionary; parameters that it lacks are absent."""
        row = np.full(len(self.names), ABSENT, dtype=np.int16)
        for column, name in enumerate(self.names):
            if name in params:
                row[column] = self._index[name].get(_typed(params[name]), ABSENT)
        return row

    def decode(self, row: Codes) -> dict[str, Any]:
        """The dictionary of a row: present parameters in the order of the columns."""
        present = np.flatnonzero(row >= 0)
        return {self.names[i]: self.values[i][row[i]] for i in present.tolist()}

    def activate(self, codes: Codes) -> Codes:
        """Full rows with everything absent that their own values don't ask for."""
        out = codes.copy()
        for column, tables in self._conditional:
            asked = np.ones(len(out), dtype=bool)
            for parent, allowed in tables:
                asked &= allowed[out[:, parent]]
            out[~asked, column] = ABSENT
        return out

    def random(self, rng: np.random.Generator, count: int) -> Codes:
        """Rows in which each question is answered with equal chances."""
        return self.activate(self._full(rng, count))

    def unmet(self, rng: np.random.Generator, count: int, tried: Codes) -> Codes:
        """Random rows that mostly take values which no tried row has, where there are any."""
        full = self._full(rng, count)
        for column, missing in enumerate(self.missing(tried)):
            if len(missing):
                full[rng.random(count) < 0.7, column] = rng.choice(missing)
        return self.activate(full)

    def missing(self, tried: Codes) -> list[NDArray[np.int64]]:
        """The codes of each column that no tried row has."""
        return [np.setdiff1d(np.arange(n), tried[:, i]) for i, n in enumerate(self.sizes)]

    def mutate(self, rng: np.random.Generator, parents: Codes) -> Codes:
        """Children that differ from their parents in one, two or more of the present columns."""
        rows = np.arange(len(parents))
        full = np.where(parents >= 0, parents, self._full(rng, len(parents)))
        for step in range(4):
            order = np.where((parents >= 0) & (self.sizes > 1), rng.random(parents.shape), -1)
            column = order.argmax(axis=1)
            again = rng.random(len(parents)) < (1.0 if step == 0 else 0.5**step)
            shift = 1 + rng.integers(0, np.maximum(self.sizes[column] - 1, 1))
            moved = (full[rows, column] + shift) % self.sizes[column]
            full[rows, column] = np.where(again, moved, full[rows, column])
        return self.activate(full.astype(np.int16))

    def cross(self, rng: np.random.Generator, left: Codes, right: Codes) -> Codes:
        """Children with each unconditional column, and what hangs on it, from either parent."""
        take = (rng.random(left.shape) < 0.5)[:, self.roots]
        child = np.where(take, left, right)
        return self.activate(np.where(child >= 0, child, self._full(rng, len(left))))

    def _full(self, rng: np.random.Generator, count: int) -> Codes:
        return rng.integers(0, self.sizes, size=(count, len(self.names))).astype(np.int16)

    @cached_property
    def _conditional(self) -> list[tuple[int, list[tuple[int, NDArray[np.bool_]]]]]:
        # One place more than codes: an absent parent, code -1, looks up the last one, False.
        found = []
        for column, rules in enumerate(self.rules):
            tables = []
            for parent, allowed in rules:
                table = np.zeros(len(self.values[parent]) + 1, dtype=bool)
                table[sorted(allowed)] = True
                tables.append((parent, table))
            if tables:
                found.append((column, tables))
        return found


def ranks(values: Sequence[Any]) -> list[float] | None:
    """Places of numeric values between -1 and 1 in their order, or None if they have none."""
    if len(values) < 3 or any(
        isinstance(v, bool) or not isinstance(v, int | float) for v in values
    ):
        return None
    order = {value: place for place, value in enumerate(sorted(values))}
    return [2 * order[value] / (len(values) - 1) - 1 for value in values]


def _typed(value: Any) -> tuple[str, Any]:
    """A dictionary key that tells True from 1."""
    return type(value).__name__, value

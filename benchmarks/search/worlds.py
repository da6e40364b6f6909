"""What is replayed: spaces in which every accuracy, at every rung, can be looked up."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from problems import PROBLEMS, Problem, flat, tangled, true_front
from table_space import RUNGS, VALIDATION, Row, named, read, space

from nas.pareto import front_indices, hypervolume
from nas.search.encoding import Encoding

Params = Mapping[str, Any]
#: An architecture: its parameters, in their order.
Key = tuple[tuple[str, Any], ...]
Choose = Callable[[str, tuple[Any, ...]], Any]


@dataclass(frozen=True)
class Parameter:
    """As ``search_spaces.space.Parameter``."""

    name: str
    values: tuple[Any, ...]
    conditions: tuple[tuple[str, tuple[Any, ...]], ...] = ()


class Space:
    """What ``nas.search.study.SearchStudy`` asks of a space, for any conditional parameters."""

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._parameters = tuple(parameters)
        self.encoding = Encoding.declared(self._parameters)

    def parameters(self) -> tuple[Parameter, ...]:
        """All, with conditions."""
        return self._parameters

    def walk(self, choose: Choose) -> Key:
        """An architecture, by asking for each parameter that is active."""
        chosen: dict[str, Any] = {}
        for parameter in self._parameters:
            if all(chosen.get(name) in allowed for name, allowed in parameter.conditions):
                chosen[parameter.name] = choose(parameter.name, parameter.values)
        return tuple(chosen.items())

    def walk_flat(self, choose: Choose) -> Key:
        """The same by unconditional questions only, for tools that know no others."""
        found: dict[str, Any] = {}
        for name, options in self.flat.items():
            found |= options[choose(name, tuple(range(len(options))))]
        return tuple((p.name, found[p.name]) for p in self._parameters if p.name in found)

    @cached_property
    def flat(self) -> dict[str, list[dict[str, Any]]]:
        """Every unconditional parameter with what hangs on it, and all their joint values."""
        groups: dict[str, list[Parameter]] = {}
        for root, parameter in zip(self.encoding.roots, self._parameters, strict=True):
            groups.setdefault(self.encoding.names[root], []).append(parameter)
        found = {}
        for name, members in groups.items():
            part, seen = Space(members), {}
            for values in product(*(p.values for p in members)):
                answers = {p.name: value for p, value in zip(members, values, strict=True)}
                key = part.walk(lambda n, _, answers=answers: answers[n])  # type: ignore[misc]
                seen[key] = dict(key)
            found[name] = list(seen.values())
        return found

    def sample_uniform(self, rng: random.Random) -> Key:
        """Equal chances for each answer; enough for a fallback."""
        return self.walk(lambda _, values: rng.choice(values))


class World:
    """A space to search and everything that training in it would show.

    Attributes:
        space: to choose from.
        rungs: epochs at which accuracies can be seen.
        floor, ceiling: accuracy and cost that bound the hypervolume: that which a random
            architecture reaches with 99 %, and the highest cost.
        whole: the hypervolume of the true front.
        front: its members' accuracies and costs, by rising cost.
    """

    space: Space
    rungs: tuple[int, ...]
    floor: float
    ceiling: float
    whole: float
    front: list[tuple[float, float]]

    def cost(self, params: Params) -> float:
        """Exact."""
        raise NotImplementedError

    def features(self, params: Params) -> list[float]:
        """What is known beside the cost, as a job would know it."""
        raise NotImplementedError

    def seen(self, key: Key, rung: int, seed: int) -> float:
        """Accuracy (0…1) that a searcher with this seed is told."""
        raise NotImplementedError

    def truth(self, key: Key) -> float:
        """Accuracy (0…1) on average over trainings."""
        raise NotImplementedError

    def share(self, found: Sequence[tuple[float, float]]) -> float:
        """Of the true front's hypervolume, by true accuracies and costs."""
        accuracy, cost = zip(*found, strict=True)
        return hypervolume(accuracy, cost, self.floor, self.ceiling) / self.whole


class Table(World):
    """Our table: those widths of which every architecture was trained."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rungs = RUNGS
        self._rows: dict[Hashable, list[Row]] = {}
        for row in rows:
            self._rows.setdefault(row.architecture, []).append(row)
        widths = sorted({row.width for row in rows})
        every = {w: space((w,)).size() for w in widths}
        count = {w: sum(name[0] == w for name in self._rows) for w in widths}  # type: ignore[index]
        self.widths = tuple(w for w in widths if count[w] == every[w])
        if not self.widths:
            raise ValueError("the table holds no width of which every architecture was trained")
        self._space = space(self.widths)
        self.space = Space(
            Parameter(p.name, p.values, p.conditions) for p in self._space.parameters()
        )
        inside = [rows for rows in self._rows.values() if rows[0].width in self.widths]
        self.size = len(inside)
        self.trainings = sum(map(len, inside))
        accuracy = [_mean(rows) for rows in inside]
        cost = [float(rows[0].flops) for rows in inside]
        self._is_truth(accuracy, cost)

    def cost(self, params: Params) -> float:
        """FLOPs of one image."""
        return float(self._of(params)[0].flops)

    def features(self, params: Params) -> list[float]:
        """Parameters, FLOPs and how many stages have attention."""
        row = self._of(params)[0]
        places = sum(stage != "none" for stage in row.architecture[1:])
        return [float(np.log(row.parameters)), float(np.log(row.flops)), float(places)]

    def seen(self, key: Key, rung: int, seed: int) -> float:
        """That of one of the trainings, always the same one for a searcher."""
        rows = self._of(dict(key))
        row = rows[_number(key, seed) % len(rows)]
        return row.rights[RUNGS.index(rung)] / VALIDATION

    def truth(self, key: Key) -> float:
        """The mean over all trainings."""
        return _mean(self._of(dict(key)))

    def _is_truth(self, accuracy: list[float], cost: list[float]) -> None:
        self.floor, self.ceiling = float(np.quantile(accuracy, 0.01)), max(cost)
        self.whole = hypervolume(accuracy, cost, self.floor, self.ceiling)
        self.front = [(accuracy[i], cost[i]) for i in front_indices(accuracy, cost)]

    def _of(self, params: Params) -> list[Row]:
        if len(self.widths) == 1:
            params = {"backbone.width": self.widths[0], **params}
        return self._rows[named(params)]


class Expected(Table):
    """Our table with another truth: what a regression on all its trainings expects.

    Single trainings differ more by their seed than architectures of one width do, so that much of
    what ``Table`` calls the front is luck, which nobody can search for. Here the truth is the least
    squares fit of one effect for each width and for each choice at each stage; searchers are told
    the same single trainings as there.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        super().__init__(rows)
        keys = sorted({row.architecture for row in rows})
        options = [sorted({key[place] for key in keys}) for place in range(4)]  # type: ignore[type-var]
        inside = [row for row in rows if row.width in self.widths]

        def features(row: Row) -> list[float]:
            hot = [row.architecture[i] == v for i, vs in enumerate(options) for v in vs[i > 0 :]]
            return [float(value) for value in hot]

        design = np.array([features(row) for row in inside])
        right = np.array([row.right_8 for row in inside]) / VALIDATION
        fit, *_ = np.linalg.lstsq(design, right, rcond=None)
        self._expected = {
            row.architecture: float(value) for row, value in zip(inside, design @ fit, strict=True)
        }
        accuracy = list(self._expected.values())
        cost = [float(self._rows[name][0].flops) for name in self._expected]
        self._is_truth(accuracy, cost)

    def truth(self, key: Key) -> float:
        """The regression's."""
        return self._expected[self._of(dict(key))[0].architecture]


def _mean(rows: Sequence[Row]) -> float:
    return sum(row.right_8 for row in rows) / len(rows) / VALIDATION


def _number(*path: object) -> int:
    return zlib.crc32(repr(path).encode())


@dataclass(frozen=True)
class Rungs:
    """What the synthetic rungs show of the truth, from the first to the last.

    Attributes:
        drop: points lost by all.
        slow: what the dearest loses more than the cheapest (large networks begin slowly); this and
            what follows in standard deviations of the truth.
        wobble: what an architecture gains or loses for no reason that anyone could know.
        told: share of what tells an architecture from others of its cost; below zero, those that
            will be better look worse.
    """

    drop: tuple[float, ...] = (20.0, 10.0, 4.0, 0.0)
    slow: tuple[float, ...] = (0.5, 0.25, 0.1, 0.0)
    wobble: tuple[float, ...] = (1.0, 0.5, 0.25, 0.0)
    told: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)


#: Rungs that tell something, nearly all, only what the cost tells, and at first the opposite.
USUAL = Rungs()
CLEAR = Rungs(slow=(0.0, 0.0, 0.0, 0.0), wobble=(0.2, 0.1, 0.05, 0.0))
BLIND = Rungs(told=(0.0, 0.0, 0.0, 1.0))
LATE = Rungs(told=(-1.0, -0.5, 0.25, 1.0), wobble=(0.3, 0.3, 0.2, 0.0))


class Synthetic(World):
    """A problem of ``problems.py`` with rungs."""

    def __init__(self, problem: Problem, shown: Rungs = USUAL) -> None:
        self._problem, self.rungs, self._shown = problem, RUNGS, shown
        self.space = Space(parameters_of(problem.encoding))
        codes = problem.encoding.random(np.random.default_rng(0), 4000)
        true, cost = problem.truth(codes), problem.costs(codes)
        self.floor, self.ceiling = float(np.quantile(true, 0.01)) / 100, float(cost.max())
        self._least, self._spread = float(cost.min()), float(true.std())
        self._usual = np.polyfit(np.log(cost), true, 2)
        accuracy, price = true_front(problem)
        self.front = list(zip((accuracy / 100).tolist(), price.tolist(), strict=True))
        self.whole = hypervolume(*zip(*self.front, strict=True), self.floor, self.ceiling)

    def cost(self, params: Params) -> float:
        """Of the problem."""
        return self._problem.cost(params)

    def features(self, params: Params) -> list[float]:
        """Nothing more is known."""
        return []

    def seen(self, key: Key, rung: int, seed: int) -> float:
        """The truth with noise, and at lower rungs with what they hide."""
        place, cost, shown = self.rungs.index(rung), self.cost(dict(key)), self._shown
        dear = (cost - self._least) / (self.ceiling - self._least)
        wobble = np.random.default_rng(_number(key, rung)).normal() * shown.wobble[place]
        lost = shown.drop[place] + self._spread * (shown.slow[place] * dear + wobble)
        noise = self._problem.noise * np.random.default_rng(_number(key, rung, seed)).normal()
        own = self.truth(key) - float(np.polyval(self._usual, np.log(cost))) / 100
        return self.truth(key) - (1 - shown.told[place]) * own + (noise - lost) / 100

    def truth(self, key: Key) -> float:
        """Of the problem."""
        row = self.space.encoding.encode(dict(key))
        return float(self._problem.truth(row[None])[0]) / 100


def parameters_of(encoding: Encoding) -> list[Parameter]:
    """The declared parameters of an encoding."""
    found = []
    for name, values, rules in zip(encoding.names, encoding.values, encoding.rules, strict=True):
        conditions = tuple(
            (encoding.names[parent], tuple(encoding.values[parent][c] for c in sorted(allowed)))
            for parent, allowed in rules
        )
        found.append(Parameter(name, values, conditions))
    return found


#: By name; the first two need ``table.csv``.
WORLDS: dict[str, Callable[[], World]] = (
    {
        "table": lambda: Table(read()),
        "table_expected": lambda: Expected(read()),
    }
    | {
        name: lambda make=make: Synthetic(make())  # type: ignore[misc]
        for name, make in PROBLEMS.items()
        if name != "waves"
    }
    | {
        f"waves_{name}": lambda shown=shown: Synthetic(PROBLEMS["waves"](), shown)  # type: ignore[misc]
        for name, shown in {"clear": CLEAR, "blind": BLIND, "late": LATE}.items()
    }
    | {
        "fresh_flat": lambda: Synthetic(flat(3)),
        "fresh_blind": lambda: Synthetic(tangled(3), BLIND),
    }
)

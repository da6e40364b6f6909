"""Synthetic tables: accuracy with main and pairwise effects and noise, cost exact.

Accuracy is in points of percent, cost in units of its own; both come from seeded effects, so that
a table of any size needs no file. ``big`` is shaped like an attention search (a backbone's width
and depth, then slots with a type that brings hyperparameters into being), ``flat`` is small enough
to be counted out, ``held_out`` has other names, sizes and effects and was not used for tuning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nas.pareto import front_indices
from nas.search.encoding import Codes, Encoding, Floats


@dataclass(frozen=True)
class Problem:
    """A table: vectorised truth by codes, a noise level; costs add up, or are ``multiplied``."""

    name: str
    encoding: Encoding
    truth: Callable[[Codes], Floats]
    costs: Callable[[Codes], Floats]
    prices: list[Floats]
    noise: float
    multiplied: bool = False

    def cost(self, params: Mapping[str, object]) -> float:
        """What ``costs`` gives, for one parameter dictionary."""
        total = sum(self._price[name][value] for name, value in params.items())
        return float(np.exp(total) if self.multiplied else total)

    @cached_property
    def _price(self) -> dict[str, dict[object, float]]:
        columns = zip(self.encoding.names, self.encoding.values, self.prices, strict=True)
        return {name: dict(zip(values, price[:-1].tolist(), strict=True))
                for name, values, price in columns}  # fmt: skip


def true_front(problem: Problem, generations: int = 400, seed: int = 0) -> tuple[Floats, Floats]:
    """The best front that a long noise-free evolution finds: accuracy and cost of its members."""
    rng = np.random.default_rng(seed)
    archive = problem.encoding.random(rng, 20_000)
    for _ in range(generations):
        archive = np.unique(archive, axis=0)
        accuracy, cost = problem.truth(archive), problem.costs(archive)
        front = front_indices(accuracy.tolist(), cost.tolist())
        lean = np.linspace(0, 1, 40)[:, None]
        unit = (cost - cost.min()) / np.ptp(cost), (accuracy - accuracy.min()) / np.ptp(accuracy)
        near = np.unique(np.argsort(lean * unit[0] - (1 - lean) * unit[1], axis=1)[:, :5])
        archive = archive[np.unique(np.concatenate([front, near]).astype(int))]
        pick = rng.integers(0, len(archive), size=(3, 1500))
        archive = np.concatenate(
            [
                archive,
                problem.encoding.mutate(rng, archive[pick[0]]),
                problem.encoding.cross(rng, archive[pick[1]], archive[pick[2]]),
            ]
        )
    accuracy, cost = problem.truth(archive), problem.costs(archive)
    front = front_indices(accuracy.tolist(), cost.tolist())
    return accuracy[front], cost[front]


@dataclass(frozen=True)
class _Effects:
    """One number for each value of each column (0 where absent), and for each pair of values."""

    main: list[Floats]
    pairs: dict[tuple[int, int], Floats]

    def of(self, codes: Codes) -> Floats:
        total = sum(effect[codes[:, i]] for i, effect in enumerate(self.main))
        for (i, j), table in self.pairs.items():
            total = total + table[codes[:, i], codes[:, j]]
        return np.asarray(total)


def _padded(effect: Floats) -> Floats:
    """With a zero at the end (in both directions): what code -1, absent, looks up."""
    return np.pad(effect, [(0, 1)] * effect.ndim)


@dataclass(frozen=True)
class Axis:
    """A parameter as ``Encoding.declared`` takes it."""

    name: str
    values: tuple[object, ...]
    conditions: tuple[tuple[str, tuple[object, ...]], ...] = ()


def _attention_axes(slots: int) -> list[Axis]:
    axes = [Axis("backbone.width", (8, 16, 24, 32)), Axis("backbone.depth", (8, 14, 20))]
    for slot in range(1, slots + 1):
        kind = f"stage{slot}.type"
        axes.append(Axis(kind, ("none", "se", "eca", "cbam")))
        axes.append(Axis(f"stage{slot}.se.ratio", (2, 4, 8, 16), ((kind, ("se",)),)))
        axes.append(Axis(f"stage{slot}.cbam.ratio", (4, 8, 16), ((kind, ("cbam",)),)))
        axes.append(Axis(f"stage{slot}.cbam.composition", ("serial", "par"), ((kind, ("cbam",)),)))
    return axes


def big(seed: int = 1, slots: int = 7) -> Problem:
    """30 axes: width and depth weigh most, attention gains grow with the stage and saturate."""
    rng = np.random.default_rng(seed)
    encoding = Encoding.declared(_attention_axes(slots))
    main, cost = [], []
    kind_gain = np.array([0.0, 0.5, 0.3, 0.7])
    for name, values in zip(encoding.names, encoding.values, strict=True):
        stage = int(name[5]) if name.startswith("stage") else 0
        size = len(values)
        if name.endswith("width"):
            main.append(np.array([0.0, 4.0, 5.6, 6.5]))
            cost.append(np.array([4.0, 16.0, 36.0, 64.0]))
        elif name.endswith("depth"):
            main.append(np.array([0.0, 1.6, 2.4]))
            cost.append(np.array([0.0, 10.0, 20.0]))
        elif name.endswith("type"):
            late = 0.4 + 1.2 * stage / slots
            main.append(kind_gain * late + np.r_[0, rng.normal(0, 0.35, 3)])
            cost.append(np.array([0.0, 2.0, 0.7, 4.5]) * (1.6 - stage / slots))
        else:
            main.append(rng.normal(0, 0.2, size))
            cost.append(np.sort(rng.uniform(0, 1.2, size))[::-1])
    columns = [i for i, name in enumerate(encoding.names) if "type" in name or i < 2]
    pairs = {
        (i, j): _padded(rng.normal(0, 0.18, (len(main[i]), len(main[j]))))
        for i in columns
        for j in columns
        if i < j
    }
    effects = _Effects([_padded(m) for m in main], pairs)
    prices = _Effects([_padded(c) for c in cost], {})

    def truth(codes: Codes) -> Floats:
        raw = effects.of(codes)
        return 80 + 14 * np.tanh(raw / 14)

    return Problem("big", encoding, truth, prices.of, prices.main, 0.5)


def flat(seed: int = 2) -> Problem:
    """3,600 architectures of six axes with a part that follows no rule."""
    rng = np.random.default_rng(seed)
    sizes = (5, 5, 4, 4, 3, 3)
    axes = [
        Axis(f"x{i}", tuple(2**v for v in range(n)) if i < 2 else tuple("abcde"[:n]))
        for i, n in enumerate(sizes)
    ]
    encoding = Encoding.declared(axes)
    main = [_padded(np.sort(rng.normal(0, 1.2, n)) if n == 5 else rng.normal(0, 0.7, n))
            for n in sizes]  # fmt: skip
    pairs = {
        (i, j): _padded(rng.normal(0, 0.25, (sizes[i], sizes[j])))
        for i in range(6)
        for j in range(i + 1, 6)
    }
    effects = _Effects(main, pairs)
    cost = [_padded(np.sort(rng.uniform(0, 10 if n == 5 else 3, n))) for n in sizes]
    cost[0][:-1] += 1
    prices = _Effects(cost, {})
    rugged = rng.normal(0, 0.25, int(np.prod(sizes)))

    def truth(codes: Codes) -> Floats:
        place = np.ravel_multi_index(tuple(codes.T.astype(int)), sizes)
        return 85 + effects.of(codes) + rugged[place]

    return Problem("flat", encoding, truth, prices.of, prices.main, 0.5)


def held_out(seed: int = 11) -> Problem:
    """20 axes of strings and switches; few matter, gains multiply, cost spans two decades."""
    rng = np.random.default_rng(seed)
    axes = [Axis("size", ("xs", "s", "m", "l", "xl")), Axis("image", ("lo", "mid", "hi"))]
    for block in "abcdef":
        axes.append(Axis(f"{block}_use", (False, True)))
        axes.append(Axis(f"{block}_op", ("p", "q", "r"), ((f"{block}_use", (True,)),)))
        axes.append(Axis(f"{block}_k", (3, 5, 7), ((f"{block}_op", ("q", "r")),)))
    encoding = Encoding.declared(axes)
    weights = rng.exponential(1.0, len(axes)) ** 1.5
    main = [
        _padded(rng.normal(0, 0.3 * w, len(a.values))) for a, w in zip(axes, weights, strict=True)
    ]
    main[0], main[1] = _padded(np.array([0, 1.2, 2.0, 2.5, 2.8])), _padded(np.array([0, 0.9, 1.3]))
    chosen = rng.choice(len(axes), size=(12, 2))
    pairs = {
        (int(i), int(j)): _padded(rng.normal(0, 0.5, (len(axes[i].values), len(axes[j].values))))
        for i, j in np.sort(chosen)
        if i != j
    }
    effects = _Effects(main, pairs)
    factor = [_padded(np.sort(rng.uniform(0, 0.25, len(a.values)))) for a in axes]
    factor[0] = _padded(np.log([1, 2.5, 6, 14, 30]))
    factor[1] = _padded(np.log([1, 1.8, 3.2]))
    prices = _Effects(factor, {})

    def truth(codes: Codes) -> Floats:
        return 60 + 35 / (1 + np.exp(-effects.of(codes) / 2.5))

    return Problem(
        "held_out", encoding, truth, lambda c: np.exp(prices.of(c)), prices.main, 0.3, True
    )


def tangled(seed: int = 20261121) -> Problem:
    """16 axes of which few do much alone: pairs and triples do, and costs multiply to a decade."""
    rng = np.random.default_rng(seed)
    axes = []
    for place in range(8):
        options = tuple(f"o{v}" for v in range(int(rng.integers(3, 6))))
        axes.append(Axis(f"part{place}", options))
        parents = ((f"part{place}", options[1:]),)
        axes.append(Axis(f"part{place}.size", (1, 2, 4)[: int(rng.integers(2, 4))], parents))
    encoding = Encoding.declared(axes)
    sizes = [len(axis.values) for axis in axes]
    pairs = {
        (i, j): _padded(rng.normal(0, 0.7, (sizes[i], sizes[j])))
        for i in range(len(axes))
        for j in range(i + 1, len(axes))
        if rng.random() < 0.25
    }
    effects = _Effects([_padded(rng.normal(0, 0.5, n)) for n in sizes], pairs)
    triples = [np.sort(rng.choice(len(axes), 3, replace=False)) for _ in range(6)]
    joint = [_padded(rng.normal(0, 0.7, [sizes[i] for i in triple])) for triple in triples]
    prices = _Effects([_padded(np.sort(rng.uniform(0, 0.3, n))) for n in sizes], {})

    def truth(codes: Codes) -> Floats:
        raw = effects.of(codes)
        for triple, table in zip(triples, joint, strict=True):
            raw = raw + table[tuple(codes[:, triple].T.astype(int))]
        return 75 + 12 * np.tanh(raw / 8)

    return Problem(
        "tangled", encoding, truth, lambda c: np.exp(prices.of(c)), prices.main, 0.4, True
    )


def waves(seed: int = 7) -> Problem:
    """9 axes whose values are points in a plane; accuracy is a sum of waves over all of them.

    Of another family than the others: no table of effects or of pairs describes it.
    """
    rng = np.random.default_rng(seed)
    axes = [Axis(f"w{place}", tuple("abcdef"[: int(rng.integers(3, 7))])) for place in range(9)]
    encoding = Encoding.declared(axes)
    sizes = [len(axis.values) for axis in axes]
    points = [np.pad(rng.normal(size=(n, 2)), [(0, 1), (0, 0)]) for n in sizes]
    steep = rng.normal(0, 0.3, (2 * len(axes), 60))
    shift, height = rng.uniform(0, 2 * np.pi, 60), rng.normal(0, 0.45, 60)
    prices = _Effects([_padded(np.sort(rng.uniform(0, 0.35, n))) for n in sizes], {})

    def truth(codes: Codes) -> Floats:
        place = np.concatenate([table[codes[:, i]] for i, table in enumerate(points)], axis=1)
        size = 1 - np.exp(-prices.of(codes) / 0.8)
        waved: Floats = 78 + 8 * size + np.cos(place @ steep + shift) @ height
        return waved

    return Problem("waves", encoding, truth, lambda c: np.exp(prices.of(c)), prices.main, 0.4, True)


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "big": big,
    "flat": flat,
    "held_out": held_out,
    "tangled": tangled,
    "waves": waves,
}

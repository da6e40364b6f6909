"""Who is told how much everything weighs in a world, but not which choices are good."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
from contenders import Step
from numpy.typing import NDArray
from worlds import Key, World

from nas.job_file.spec import derived_rungs
from nas.search.acquisition import expected_hypervolume_improvement, staircase
from nas.search.encoding import Floats

#: Chance decides among candidates from this share of the best score on.
ALMOST = 0.97


class Informed:
    """A Gaussian process with the variances of the world itself, over all of its architectures.

    The truth is split into what each choice gives on average, what each pair of choices gives
    beyond, and the rest (the analysis of variance of a full factorial). The process knows how much
    each part varies, the noise of every rung and its trend in cost, and the corner from which area
    is measured: what a surrogate spends trainings to learn. It looks at every architecture, and
    goes on with what is expected to add most area for an epoch that is still to be paid. No bound:
    it looks one step ahead, and does not know which choices resemble each other.

    Args:
        world: small enough for a matrix of all its architectures.
    """

    def __init__(self, world: World) -> None:
        groups = list(world.space.flat.values())
        self.codes: NDArray[np.int64] = np.array(list(product(*(range(len(g)) for g in groups))))
        rows = (dict(zip(world.space.flat, row, strict=True)) for row in self.codes.tolist())
        self.keys: list[Key] = [
            world.space.walk_flat(lambda name, _, row=row: row[name])  # type: ignore[misc]
            for row in rows
        ]
        self.cost = np.array([world.cost(dict(key)) for key in self.keys])
        truth = np.array([world.truth(key) for key in self.keys])
        self.mean = float(truth.mean())
        self.covariance = self._covariance(truth - self.mean)
        basis = np.vander(np.log(self.cost), 3)
        self.lost: dict[int, Floats] = {}
        self.noise: dict[int, float] = {}
        for rung in world.rungs:
            off = np.array([world.seen(key, rung, 0) for key in self.keys]) - truth
            fit, *_ = np.linalg.lstsq(basis, off, rcond=None)
            self.lost[rung] = basis @ fit
            self.noise[rung] = float(np.var(off - self.lost[rung]))

    def _covariance(self, truth: Floats) -> Floats:
        same = [column[:, None] == column[None, :] for column in self.codes.T]
        whole = np.zeros((len(truth), len(truth)))
        rest = truth.copy()
        for order in (1, 2):
            left = rest.copy()
            for members in combinations(range(len(same)), order):
                shared = np.logical_and.reduce([same[i] for i in members])
                part = shared @ left / shared.sum(axis=1)
                whole += np.var(part) * shared
                rest -= part
        return whole + np.var(rest) * np.eye(len(truth))


def informed(world: World, seed: int) -> Iterator[Step]:
    """Search a world that one is told so much of."""
    told, rng, last = Informed(world), np.random.default_rng(seed), world.rungs[-1]
    rungs = (0, *derived_rungs(last))
    level = np.zeros(len(told.keys), dtype=np.int64)
    where: list[int] = []
    heard: list[float] = []
    noise: list[float] = []
    while (level < last).any():
        begun = time.perf_counter()
        place = _next(told, world, level, (where, heard, noise), rng)
        seconds = time.perf_counter() - begun
        before = int(level[place])
        rung = rungs[rungs.index(before) + 1]
        level[place] = rung
        yield Step(told.keys[place], rung, rung - before, not before, seconds)
        where.append(place)
        heard.append(world.seen(told.keys[place], rung, seed) - told.lost[rung][place] - told.mean)
        noise.append(told.noise[rung])


def _next(
    told: Informed,
    world: World,
    level: NDArray[np.int64],
    data: tuple[list[int], list[float], list[float]],
    rng: np.random.Generator,
) -> int:
    where, heard, noise = data
    cross = told.covariance[:, where]
    weights = np.linalg.solve(cross[where] + np.diag(noise), cross.T) if where else cross.T
    mean = told.mean + weights.T @ np.array(heard)
    variance = np.diag(told.covariance) - (cross * weights.T).sum(axis=1)
    last = world.rungs[-1]
    done = level == last
    front = np.array([world.ceiling]), np.array([world.floor])
    if done.any():
        front = staircase(mean[done], told.cost[done])
    corner = world.floor, world.ceiling
    deviation = np.sqrt(np.maximum(variance, 1e-12))
    gain = expected_hypervolume_improvement(mean, deviation, told.cost, front, corner)
    rate = np.where(done, -math.inf, gain / np.maximum(last - level, 1))
    return int(rng.choice(np.flatnonzero(rate >= ALMOST * rate.max())))

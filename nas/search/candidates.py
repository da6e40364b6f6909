"""Architectures to choose from: random ones, mutations and crossings of good ones, extremes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.search.acquisition import on_axis, scale_of
from nas.search.encoding import Codes, Encoding, Floats
from nas.search.observations import Knowledge

#: Of the children, so many are mutations and so many crossings; the rest are drawn at random.
MUTATED, CROSSED = 0.5, 0.3


@dataclass(frozen=True)
class Candidates:
    """Architectures never tried, row by row.

    Attributes:
        codes: their parameters.
        cost: exact, down is better.
        numbers: as of an ``Observation``.
    """

    codes: Codes
    cost: Floats
    numbers: Floats

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Candidates:
        """Some of them."""
        return Candidates(self.codes[rows], self.cost[rows], self.numbers[rows])

    def join(self, other: Candidates) -> Candidates:
        """Both."""
        if not len(self) or not len(other):
            return self if len(self) else other
        return Candidates(
            np.concatenate([self.codes, other.codes]),
            np.concatenate([self.cost, other.cost]),
            np.concatenate([self.numbers, other.numbers]),
        )


class Breeder:
    """Makes candidates and looks up what is known of them.

    Args:
        encoding: of the space.
        knowledge: gives costs and refuses what is not allowed.
        rng: of all draws.
        known: whether a row of codes was tried already.

    Attributes:
        unknown: candidates whose cost could not be told.
        usual: costs of the random ones of the last ``spread``.
    """

    def __init__(
        self,
        encoding: Encoding,
        knowledge: Knowledge,
        rng: np.random.Generator,
        known: Callable[[bytes], bool],
    ) -> None:
        self._encoding, self._knowledge = encoding, knowledge
        self._rng, self._known = rng, known
        self._met: set[bytes] = set()
        self.unknown = 0
        self.usual: Floats = np.zeros(0)

    def admit(self, codes: Codes) -> Candidates:
        """Those rows that are new and allowed and whose cost is known."""
        kept, costs, numbers = [], [], []
        for row in codes:
            key = row.tobytes()
            if key in self._met or self._known(key):
                continue
            self._met.add(key)
            params = self._encoding.decode(row)
            if not self._knowledge.allows(params):
                continue
            facts = self._knowledge.of(params)
            if facts is None:
                self.unknown += 1
                continue
            kept.append(row)
            costs.append(facts[0])
            numbers.append(facts[1])
        return Candidates(
            np.array(kept, dtype=np.int16).reshape(len(kept), codes.shape[1]),
            np.array(costs),
            np.array(numbers).reshape(len(kept), len(numbers[0]) if numbers else 0),
        )

    def remember(self, pool: Candidates) -> Candidates:
        """Those of an earlier pool that are still new; they are not bred again."""
        keys = [row.tobytes() for row in pool.codes]
        self._met.update(keys)
        return pool.take(np.array([not self._known(key) for key in keys], dtype=bool))

    def random(self, count: int) -> Candidates:
        """Random architectures."""
        return self.admit(self._encoding.random(self._rng, count))

    def children(self, parents: Codes, count: int) -> Candidates:
        """Mutations and crossings of parents, and random ones beside them."""
        mutated, crossed = int(count * MUTATED), int(count * CROSSED)
        pick = self._rng.integers(0, len(parents), size=mutated + 2 * crossed)
        left, right = parents[pick[mutated : mutated + crossed]], parents[pick[mutated + crossed :]]
        return self.admit(
            np.concatenate(
                [
                    self._encoding.mutate(self._rng, parents[pick[:mutated]]),
                    self._encoding.cross(self._rng, left, right),
                    self._encoding.random(self._rng, count - mutated - crossed),
                ]
            )
        )

    def spread(self, count: int, tried: Codes, generations: int = 8) -> Candidates:
        """Half at random, half with values not tried yet; then, step by step, cheaper and dearer.

        Args:
            count: before the steps.
            tried: rows of codes.
            generations: steps towards both ends of the cost axis.
        """
        pool = self.random(count // 2)
        self.usual = pool.cost
        pool = pool.join(self.admit(self._encoding.unmet(self._rng, count // 2, tried)))
        for _ in range(generations if len(pool) and self._knowledge.foreseen else 0):
            order = np.argsort(pool.cost, kind="stable")
            ends = np.concatenate([order[:5], order[-5:]])
            parents = pool.codes[np.repeat(ends, max(1, count // 40))]
            pool = pool.join(self.admit(self._encoding.mutate(self._rng, parents)))
        return pool


#: At the start, candidates count as far from the tried costs from this share of the farthest on.
NEAR = 0.5


def first_choice(
    pool: Candidates, usual: Floats, tried_cost: Floats, missing: Sequence[NDArray[np.int64]]
) -> int:
    """The candidate to start with: far in cost from those tried, and with values not tried yet.

    The cheapest comes first, as it is on every front; then whatever lies at least half as far from
    the tried costs as the farthest does, by how many values it brings that nobody had. Where random
    architectures span a decade, costs lie as far apart as their logs: few are dear there, and
    nothing is learned of the others from them.

    Args:
        pool: to choose from.
        usual: costs of random architectures; of the pool, if there are none.
        tried_cost: of the trials.
        missing: values of each parameter that no trial had.
    """
    brings = sum(np.isin(pool.codes[:, i], codes) for i, codes in enumerate(missing))
    if np.isnan(pool.cost).any():
        return int(np.argmax(brings))
    if not len(tried_cost):
        return int(np.argmin(pool.cost))
    scale = scale_of(usual if len(usual) else pool.cost)
    here, there = on_axis(pool.cost, scale), on_axis(tried_cost, scale)
    away = np.abs(here[:, None] - there[None, :]).min(axis=1)
    return int(np.argmax(np.where(away >= NEAR * away.max(), brings, -1)))

"""What EM needs of thousands of observations, summed once: steps cost the same for any number.

Architectures that were seen equally often at every rung share the variance of their deviation, so
sums of products over each such pattern, by pairs of rungs, are enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Moments:
    """Sums over observations.

    Attributes:
        gram: products of features, by rung: rungs by features by features.
        cross: products of features with values, by rung.
        pattern: of each group.
        seen: how often the groups of a pattern were seen at each rung: patterns by rungs.
        sizes: groups of each pattern.
        pairs: (pattern, rung, rung), the first rung not above the second.
        products: of the groups' sums of features at both rungs, by pair; made symmetric.
        answers: of the groups' sums of features at one rung with those of values at the other, by
            pair; both ways added where the rungs differ.
    """

    gram: Floats
    cross: Floats
    pattern: Integers
    seen: Integers
    sizes: Integers
    pairs: Integers
    products: Floats
    answers: Floats

    @classmethod
    def of(cls, rows: Floats, group: Integers, rung: Integers, values: Floats) -> Moments:
        """Sum up.

        Args:
            rows: observations by features.
            group: of each observation, counted from 0, all of them there.
            rung: of each observation, counted from 0.
            values: of each observation.
        """
        rungs, groups, size = int(rung.max()) + 1, int(group.max()) + 1, rows.shape[1]
        counts = np.zeros((groups, rungs), dtype=np.int64)
        np.add.at(counts, (group, rung), 1)
        seen, pattern, sizes = np.unique(counts, axis=0, return_inverse=True, return_counts=True)
        pattern = pattern.reshape(-1)
        gram, cross = np.zeros((rungs, size, size)), np.zeros((rungs, size))
        sums: list[tuple[Floats, Floats]] = []
        for at in range(rungs):
            here = np.flatnonzero(rung == at)
            gram[at] = rows[here].T @ rows[here]
            cross[at] = rows[here].T @ values[here]
            told = summed(group[here], values[here], groups)
            sums.append((_by_group(rows[here], group[here]), told))
        there = [np.cumsum(counts[:, at] > 0) - 1 for at in range(rungs)]  # where a group's sum is
        pairs, products, answers = [], [], []
        for kind, often in enumerate(seen):
            members = np.flatnonzero(pattern == kind)
            known = np.flatnonzero(often).tolist()
            parts = {at: sums[at][0][there[at][members]] for at in known}
            results = {at: sums[at][1][members] for at in known}
            for one, other in combinations_with_replacement(known, 2):
                product, answer = parts[one].T @ parts[other], parts[one].T @ results[other]
                if one != other:
                    product, answer = product + product.T, answer + parts[other].T @ results[one]
                pairs.append((kind, one, other))
                products.append(product)
                answers.append(answer)
        return cls(
            gram,
            cross,
            pattern.astype(np.int64),
            seen.astype(np.int64),
            sizes.astype(np.int64),
            np.array(pairs, dtype=np.int64),
            np.array(products),
            np.array(answers),
        )

    def weights(self, weight: Floats) -> Floats:
        """By pair, the product of its rungs' weights."""
        found: Floats = weight[self.pairs[:, 1]] * weight[self.pairs[:, 2]]
        return found

    def by_pattern(self, amounts: Floats) -> Floats:
        """Sums over the pairs of each pattern."""
        return summed(self.pairs[:, 0], amounts, len(self.sizes))

    def by_rung(self, amounts: Floats, weight: Floats, factors: Floats) -> Floats:
        """For each rung the sum over its pairs with every rung, times that one's weight.

        Args:
            amounts: by pair; of two different rungs both ways together.
            weight: by rung.
            factors: by pattern.
        """
        kind, one, other = self.pairs.T
        halves = np.where(one == other, 1.0, 0.5) * amounts * factors[kind]
        rungs = len(weight)
        apart = one != other
        return summed(one, halves * weight[other], rungs) + summed(
            other[apart], (halves * weight[one])[apart], rungs
        )


def _by_group(rows: Floats, group: Integers) -> Floats:
    """Sums of rows by group, of the groups that are there, in their order."""
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    found: Floats = np.add.reduceat(rows[order], starts, axis=0)
    return found


def summed(places: Integers, amounts: Floats, count: int) -> Floats:
    """Sums of amounts by place, of so many places."""
    found: Floats = np.bincount(places, amounts, minlength=count).astype(np.float64)
    return found

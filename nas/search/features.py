"""What the surrogate sees of an architecture: choices, counts of choices, and known numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nas.search.encoding import Codes, Encoding, Floats, ranks
from nas.search.surrogate import Design

#: Known numbers are cut at so many standard deviations of the observed ones.
_CUT = 3.0


class FeatureMap:
    """Rows of codes and known numbers as a design in blocks.

    One block for each parameter (one-hot; nothing where it is absent), one more for its place
    where its values are numbers, one for each family of equal parameters (how often each value
    occurs in it), and for each known number its value and its square.

    Args:
        encoding: of the rows.
        numbers: those of the observed architectures, by which numbers are standardised.
    """

    def __init__(self, encoding: Encoding, numbers: Floats) -> None:
        self._encoding = encoding
        self._centre = numbers.mean(axis=0)
        spread = numbers.std(axis=0)
        self._spread = np.where(spread > 1e-12, spread, 1.0)
        self._tables = [_tables(values) for values in encoding.values]
        self.labels, self._block = self._blocks(numbers.shape[1])

    def design(self, codes: Codes, numbers: Floats) -> Design:
        """The features of these rows."""
        hot = [table[codes[:, i]] for i, (table, _) in enumerate(self._tables)]
        places = [
            place[codes[:, i]][:, None] for i, (_, place) in enumerate(self._tables) if len(place)
        ]
        counts = [
            np.sum([hot[i] for i in family], axis=0) / np.sqrt(len(family))
            for family in self._encoding.families
        ]
        known = np.clip((numbers - self._centre) / self._spread, -_CUT, _CUT)
        rows = np.concatenate([*hot, *places, *counts, known, known**2 - 1], axis=1)
        return Design(rows, self.labels, self._block)

    def _blocks(self, numbers: int) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        names, families = self._encoding.names, self._encoding.families
        sizes = self._encoding.sizes
        widths = [(f"is {name}", int(size)) for name, size in zip(names, sizes, strict=True)]
        widths += [
            (f"place {name}", 1)
            for name, (_, place) in zip(names, self._tables, strict=True)
            if len(place)
        ]
        widths += [(f"count {names[family[0]]}", int(sizes[family[0]])) for family in families]
        widths += [(f"number {i}", 1) for i in range(numbers)]
        widths += [(f"square {i}", 1) for i in range(numbers)]
        block = np.repeat(np.arange(len(widths)), [width for _, width in widths])
        return tuple(label for label, _ in widths), block


def _tables(values: tuple[object, ...]) -> tuple[Floats, Floats]:
    """One-hot rows by code, and places by code (empty if it has none); the last is of absence."""
    hot = np.concatenate([np.eye(len(values)), np.zeros((1, len(values)))])
    places = ranks(values)
    return hot, np.array([*places, 0.0] if places else [])

"""The audit's sample: uniform draws, spread over the search, that are never pruned."""

from __future__ import annotations

import random
from collections.abc import Callable

from nas.search.draws import draw
from search_spaces.architecture import Architecture
from search_spaces.space import SearchSpace


class AuditSample:
    """Which trials of a search are drawn uniformly, and when.

    The sequence of draws depends on the seed alone, and what was drawn before is refused as a
    duplicate. So a search that was killed goes on in it where it was.

    Args:
        space: to draw from, each architecture as likely as any other.
        size: of the sample.
        trials: of the whole search.
        seed: of the draws.
    """

    def __init__(self, space: SearchSpace, size: int, trials: int, seed: int) -> None:
        self._space, self._size, self._trials = space, size, trials
        self._random = random.Random(f"audit {seed}")

    def due(self, begun: int) -> int:
        """How many of the sample should have begun when so many trials have.

        Denser at the beginning, because what they tell is of use to those that follow: draw k of n
        comes after a share (k/n)² of the trials.
        """
        return sum(self._trials * k**2 <= begun * self._size**2 for k in range(self._size))

    def draw(self, refuse: Callable[[Architecture], str | None]) -> Architecture | None:
        """The next architecture that is not refused, or None if there is none any more."""
        return draw(self._space, self._random, refuse)

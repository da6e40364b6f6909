"""Which unfinished trials are worth finishing: what they promise, against what new trials do."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.search.acquisition import expected_hypervolume_improvement, staircase
from nas.search.encoding import Floats
from nas.search.rungs import Hint

#: What a new trial promises is judged by so many of the latest.
RECENT = 16


@dataclass(frozen=True)
class Belief:
    """What is believed of trials without their own accuracies; one entry a trial.

    Attributes:
        mean, deviation: of the accuracy at the last rung, up is better.
        height: expected accuracy with all that is known.
        cost: on the axis on which area is measured, down is better.
        noise: variance of one observed accuracy.
    """

    mean: Floats
    deviation: Floats
    height: Floats
    cost: Floats
    noise: float

    @staticmethod
    def of_the_crowd(hint: Hint, top: Floats, cost: Floats) -> Belief:
        """Where no surrogate can be had: a trial is one of those of its cost.

        Args:
            hint: of a rung that all were seen at.
            top: accuracy at the last rung, nan where a trial has not come to it.
            cost: as of a belief.
        """
        deviation = np.full(len(top), math.sqrt(hint.variance + hint.left))
        height = np.where(np.isnan(top), hint.usual, top)
        return Belief(hint.usual, deviation, height, cost, 0.0)

    def promise(self, hint: Hint, done: NDArray[np.bool_], which: list[int]) -> Floats:
        """The area that each of some trials is expected to add to what the others finished.

        Args:
            hint: of a rung that they were seen at: all that is heard of them.
            done: who finished; at least one.
            which: their places.
        """
        heard, variance = hint.heard()
        low, right = float(np.min(self.height)), float(np.max(self.cost))
        # Beyond the dearest, or what it adds in accuracy would count for nothing.
        right += 0.1 * (right - float(np.min(self.cost))) or 1.0
        gain = self.deviation**2 / (self.deviation**2 + self.noise + variance)
        mean = self.mean + gain * (heard - self.mean)
        deviation = self.deviation * np.sqrt(1 - gain)
        # Those that have not finished stand against the same front, each that has against its own.
        found, places = np.empty(len(which)), np.array(which, dtype=np.int64)
        for own in [np.flatnonzero(~done[places]), *np.flatnonzero(done[places])[:, None]]:
            some, others = places[own], done.copy()
            others[some] = False
            front = staircase(self.height[others], self.cost[others])
            these = mean[some], deviation[some], self.cost[some]
            found[own] = expected_hypervolume_improvement(*these, front, (low, right))
        return found


def rate_of_new(promises: Floats, spent: float, left: float) -> float:
    """What new trials add per epoch, if the right ones of them are finished.

    A new trial costs what it takes to the rung, and the rest if it is then finished. Of trials that
    promise as much as these, finishing the best k adds ``sum(best k) / (n spent + k left)`` an
    epoch; the best k is taken. It is the rate below which nothing is worth finishing, as of
    optimal search with inspection costs (Weitzman, Econometrica 47, 1979). Where the rung says
    nothing, the promises are alike and all are finished.

    Args:
        promises: of trials at the rung.
        spent: epochs until the rung.
        left: epochs from there to the end.
    """
    best = np.sort(promises)[::-1].cumsum()
    finished = np.arange(1, len(best) + 1)
    return float((best / (len(best) * spent + finished * left)).max(initial=0.0))

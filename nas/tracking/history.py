"""Hypervolume over time: one value for each trial that reached the last rung."""

from __future__ import annotations

from nas.pareto import front_indices, hypervolume


class HypervolumeHistory:
    """Adds trials one by one and keeps the front's members only.

    Attributes:
        finished: how many trials were added: the step of the latest value.
    """

    def __init__(self, reference_accuracy: float, reference_cost: float) -> None:
        self._reference = (reference_accuracy, reference_cost)
        self._accuracy: list[float] = []
        self._cost: list[float] = []
        self.finished = 0

    def add(self, accuracy: float, cost: float) -> float:
        """Add a trial.

        Returns:
            the hypervolume of all trials so far, in 0…1.
        """
        self.finished += 1
        accuracies, costs = [*self._accuracy, accuracy], [*self._cost, cost]
        kept = front_indices(accuracies, costs)
        self._accuracy = [accuracies[i] for i in kept]
        self._cost = [costs[i] for i in kept]
        return hypervolume(self._accuracy, self._cost, *self._reference)

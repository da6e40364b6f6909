"""How long trainings will take, from what epochs took so far."""

from __future__ import annotations


class Speeds:
    """Seconds an epoch, by trial; the mean over all trials for one that is not known yet."""

    def __init__(self) -> None:
        self._by_trial: dict[int, tuple[float, int]] = {}
        self._all = (0.0, 0)

    def learn(self, number: int | None, seconds: float, epochs: int) -> None:
        """Note what a segment of a trial took; a task without epochs teaches nothing."""
        if not epochs:
            return
        if number is not None:
            known = self._by_trial.get(number, (0.0, 0))
            self._by_trial[number] = (known[0] + seconds, known[1] + epochs)
        self._all = (self._all[0] + seconds, self._all[1] + epochs)

    def seconds(self, epochs: int, number: int | None = None) -> float:
        """Expected seconds of so many epochs; 0 as long as nothing is known."""
        known = self._all if number is None else self._by_trial.get(number, self._all)
        return epochs * known[0] / known[1] if known[1] else 0.0

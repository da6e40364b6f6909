"""What unfinished trials of a study are expected to add at the last rung."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from nas.search.acquisition import Scale
from nas.search.encoding import Declared
from nas.search.guide import Guide, Memory
from nas.search.observations import Knowledge, Observation, Observations
from nas.search.selection import Belief

#: Finished trials below which nothing is forecast.
LEAST_FINISHED = 4


class Forecast:
    """What a surrogate of all trials at all rungs expects; fitted anew only after a report.

    Args:
        features: numbers that are known of a candidate by its parameters.
        space: the parameters, if declared; else they are learned from the trials.
    """

    def __init__(
        self,
        features: Callable[[dict[str, Any]], Sequence[float]] | None = None,
        space: Mapping[str, BaseDistribution] | Iterable[Declared] | None = None,
    ) -> None:
        self._features = features
        self._mapping = space if isinstance(space, Mapping) else {}
        self._listed = None if space is None or isinstance(space, Mapping) else tuple(space)
        self._forget(1.0)

    def _forget(self, sign: float) -> None:
        self._sign = sign
        knowledge = Knowledge(None, sign, self._features, None, carried=True)
        self._observed = Observations(knowledge, self._listed)
        self._observed.declare(self._mapping)
        self._memory = Memory()
        self._places: dict[int, int] = {}
        # What the guide was made of, and what it was asked last.
        self._guide: Guide | None = None
        self._known: dict[int, Observation] = {}
        self._believed: tuple[tuple[int, ...], Belief] | None = None
        self._reports, self._changed = 0, True

    def update(self, trials: Sequence[FrozenTrial], directions: Sequence[StudyDirection]) -> bool:
        """Take in all trials of a study.

        Returns:
            False while too few have finished to forecast by, and where the study has parameters
            that can't be encoded, such as continuous ones.
        """
        sign = -1.0 if list(directions[1:]) == [StudyDirection.MAXIMIZE] else 1.0
        if sign != self._sign or len(trials) < len(self._observed.trials):
            self._forget(sign)
        try:
            self._changed |= self._observed.read(trials, directions)
        except ValueError:
            self._forget(sign)
            return False
        self._places = {trial.number: place for place, trial in enumerate(trials) if trial.params}
        self._scale: Scale = "auto" if len(directions) > 1 else "none"
        seen = (self._observed.trials[place] for place in self._places.values())
        return sum(t is not None and t.state == "done" for t in seen) >= LEAST_FINISHED

    def knows(self, number: int) -> bool:
        """Whether a trial of the last update can be forecast."""
        place = self._places.get(number)
        seen = None if place is None else self._observed.trials[place]
        return seen is not None and seen.state != "refused"

    def belief(self, numbers: Sequence[int]) -> Belief:
        """What the surrogate believes of trials that it knows, each without its own accuracies."""
        guide, asked = self._fitted(), tuple(numbers)
        if self._believed is None or self._believed[0] != asked:
            seen = [self._known[number] for number in numbers]
            self._believed = asked, guide.belief(seen)
        return self._believed[1]

    def best(self, numbers: Sequence[int]) -> list[int]:
        """Those of these unfinished trials that can be forecast, the best first.

        A trial is as good as the area that it is expected to add at the last rung to the front of
        the finished trials, as the surrogate sees it. ``update`` must have said True.
        """
        seen = {n: self._observed.trials[self._places[n]] for n in numbers if self.knows(n)}
        told = {n: trial for n, trial in seen.items() if trial is not None and trial.reports}
        if not told:
            return []
        gains = self._fitted().gain(list(told.values())).tolist()
        by_number = dict(zip(told, gains, strict=True))
        return sorted(told, key=lambda number: (-by_number[number], number))

    def _fitted(self) -> Guide:
        if self._guide is not None and not self._changed:
            return self._guide
        seen = ((n, self._observed.trials[place]) for n, place in self._places.items())
        known = {n: t for n, t in seen if t is not None and t.state != "refused"}
        reports = sum(len(trial.reports) for trial in known.values())
        if self._guide is None or reports != self._reports:
            trials = list(known.values())
            self._guide = Guide(self._observed.encoding, trials, self._memory, self._scale)
            self._known, self._reports, self._believed = known, reports, None
        self._changed = False
        return self._guide

"""What unfinished trials of a study are expected to add at the last rung."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from nas.search.encoding import Declared
from nas.search.guide import Guide, Memory
from nas.search.observations import Knowledge, Observation, Observations

#: Finished trials below which nothing is forecast.
LEAST_FINISHED = 4


class Forecast:
    """Gains that a surrogate expects, of all rungs so far; fitted anew only after a report.

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
        self._told = -1
        self._gains: dict[int, float] = {}
        self._forget(1.0)

    def gains(
        self, trials: Sequence[FrozenTrial], directions: Sequence[StudyDirection]
    ) -> Mapping[int, float]:
        """By number, the area that each trial which waits or runs is expected to add to the front.

        The front is that of the finished trials, in the surrogate's eyes. A trial without a report,
        and one whose parameters are not known, has no entry; nor has any as long as fewer than
        ``LEAST_FINISHED`` have finished.

        Args:
            trials: all of the study.
            directions: of its objectives.
        """
        sign = -1.0 if list(directions[1:]) == [StudyDirection.MAXIMIZE] else 1.0
        if sign != self._sign or len(trials) < len(self._observed.trials):
            self._forget(sign)
        self._observed.read(trials, directions)
        known = {
            trial.number: replace(seen, exact=True)
            for trial, seen in zip(trials, self._observed.trials, strict=True)
            if seen is not None and seen.state != "refused" and trial.params
        }
        told = sum(len(seen.reports) for seen in known.values())
        if told != self._told:
            self._told, self._gains = told, self._fitted(known, len(directions) > 1)
        return self._gains

    def _fitted(self, known: Mapping[int, Observation], two: bool) -> dict[int, float]:
        open_ones = {n: t for n, t in known.items() if t.state == "open" and t.reports}
        finished = sum(t.state == "done" for t in known.values())
        if finished < LEAST_FINISHED or not open_ones:
            return {}
        guide = Guide(
            self._observed.encoding,
            list(known.values()),
            self._memory,
            "auto" if two else "none",
        )
        gains = guide.gain(list(open_ones.values())).tolist()
        return dict(zip(open_ones, gains, strict=True))

    def _forget(self, sign: float) -> None:
        self._sign = sign
        self._observed = Observations(Knowledge(None, sign, self._features, None), self._listed)
        self._observed.declare(self._mapping)
        self._memory = Memory()
        self._told, self._gains = -1, {}

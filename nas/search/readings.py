"""What a pruner reads of a study's trials, in step with it: only what changed is read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from optuna.trial import FrozenTrial, TrialState

from nas.search.attributes import AUDIT, COST, PROTECTED, reports_of, rungs_of


@dataclass(frozen=True, slots=True)
class Reading:
    """One trial.

    Attributes:
        told: first objective by rung, as it was told.
        reports: those that are finite; a complete trial's end counts as ``LAST``'s.
        cost: None where the trial carries none.
        failed: by its state or by a violated constraint.
        protected: from pruning; an ``audited`` trial is, too.
        finished: whether nothing more will be told of it.
    """

    number: int
    told: Mapping[int, float]
    reports: Mapping[int, float]
    cost: float | None
    failed: bool
    protected: bool
    audited: bool
    finished: bool

    @property
    def is_rule(self) -> bool:
        """Whether nobody suggested or drew it, so that new trials will not be like it."""
        return self.protected and not self.audited

    @classmethod
    def of(cls, trial: FrozenTrial) -> Reading:
        """Read a trial."""
        attributes = trial.user_attrs
        audited = bool(attributes.get(AUDIT, False))
        violated = any(value > 0 for value in trial.constraints.values())
        return cls(
            number=trial.number,
            told=rungs_of(trial),
            reports=reports_of(trial),
            cost=attributes.get(COST),
            failed=trial.state == TrialState.FAIL or violated,
            protected=bool(attributes.get(PROTECTED, False)) or audited,
            audited=audited,
            finished=trial.state.is_finished(),
        )


class Readings:
    """The trials of one study at a time."""

    def __init__(self) -> None:
        self._trials: list[FrozenTrial] = []
        self._readings: list[Reading] = []

    def of(self, trials: Iterable[FrozenTrial]) -> list[Reading]:
        """Every trial as read, in the same order.

        Optuna's storages replace a trial that changes, so one that is the same object is as it was.
        """
        found, before = list(trials), self._trials
        readings = self._readings[: len(found)]
        for place, trial in enumerate(found):
            if place == len(readings):
                readings.append(Reading.of(trial))
            elif before[place] is not trial:
                readings[place] = Reading.of(trial)
        self._trials, self._readings = found, readings
        return readings

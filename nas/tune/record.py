"""An Optuna study whose trials go by Ray Tune's ids and can be entered again from plain rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.trial import TrialState, create_trial

from nas.search.attributes import COST, rung_key
from nas.search.sampler import Direction
from search_spaces.space import Parameter

Params = dict[str, Any]
#: ``pruned`` stopped before its full budget.
State = Literal["open", "done", "pruned", "failed"]
Choose = Callable[[str, tuple[Any, ...]], Any]


@dataclass
class Row:
    """One trial.

    Attributes:
        reports: time to the metric.
        value: the metric of a trial that is done.
    """

    params: Params
    cost: float
    reports: dict[int, float] = field(default_factory=dict)
    state: State = "open"
    value: float | None = None


class Record:
    """The study and its rows.

    Failed trials are told as pruned with a violated constraint: Optuna's FAIL is invisible to
    samplers, which would come back for ever.

    Args:
        parameters: of all trials.
        directions: of the metric and of the cost: ``maximize`` or ``minimize``.
        sampler: asked by ``ask``.
    """

    def __init__(
        self,
        parameters: Sequence[Parameter],
        directions: tuple[Direction, Direction],
        sampler: BaseSampler,
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.rows: dict[str, Row] = {}
        self._study = optuna.create_study(directions=directions, sampler=sampler)
        self._space: dict[str, BaseDistribution] = {
            p.name: CategoricalDistribution(p.values) for p in parameters
        }
        self._live: dict[str, optuna.Trial] = {}
        self._known: set[Hashable] = set()

    @property
    def optuna_study(self) -> optuna.Study:
        """The study itself."""
        return self._study

    def knows(self, params: Params) -> bool:
        """Whether a trial has these parameters."""
        return _key(params) in self._known

    def ask(self, answer: Callable[[Choose], Params]) -> tuple[optuna.Trial, Params]:
        """What the sampler suggests, to be entered or refused."""
        trial = self._study.ask()

        def choose(name: str, values: tuple[Any, ...]) -> Any:
            return trial.suggest_categorical(name, values)

        return trial, answer(choose)

    def refuse(self, trial: optuna.Trial) -> None:
        """Drop a suggestion: nothing was learned of it."""
        trial.set_user_attr("refused", "tried before or not allowed")
        self._study.tell(trial, state=TrialState.PRUNED)

    def enter(self, trial_id: str, row: Row, trial: optuna.Trial | None = None) -> None:
        """Take in a trial in any state; without ``trial`` it was never asked here."""
        self.rows[trial_id] = row
        self._known.add(_key(row.params))
        if trial is None:
            trial = self._added(row)
        trial.set_user_attr(COST, row.cost)
        for time, value in row.reports.items():
            trial.set_user_attr(rung_key(time), value)
        self._live[trial_id] = trial
        if row.state != "open":
            self.finish(trial_id, row.state, row.value)

    @property
    def open(self) -> set[str]:
        """Ids of the trials that run, wait or are about to."""
        return set(self._live)

    def report(self, trial_id: str, time: int, value: float) -> None:
        """Note the metric at a time; of a trial that is unknown or over, nothing."""
        if trial_id in self._live:
            self.rows[trial_id].reports[time] = value
            self._live[trial_id].set_user_attr(rung_key(time), value)

    def finish(self, trial_id: str, state: State, value: float | None = None) -> None:
        """End an open trial; ``value`` is that of a trial that is done."""
        row, trial = self.rows[trial_id], self._live.pop(trial_id)
        row.state, row.value = state, value
        if value is not None:
            self._study.tell(trial, [value, row.cost])
            return
        if state == "failed":
            trial.set_constraint("failed", 1.0)
        self._study.tell(trial, state=TrialState.PRUNED)

    def _added(self, row: Row) -> optuna.Trial:
        self._study.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=row.params,
                distributions={name: self._space[name] for name in row.params},
            )
        )
        frozen = self._study.get_trials(deepcopy=False)[-1]
        return optuna.Trial(self._study, frozen._trial_id)


def _key(params: Mapping[str, Any]) -> Hashable:
    return frozenset((name, type(value), value) for name, value in params.items())

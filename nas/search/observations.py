"""What a sampler knows of a study: its trials as codes, known numbers and accuracies."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from nas.search.attributes import COST, LAST, reports_of
from nas.search.conditions import MOST, explains, learn_rules
from nas.search.encoding import ABSENT, Codes, Declared, Encoding, Floats

#: Numeric parameters with a step are taken for categorical ones up to so many values.
MOST_VALUES = 64

Params = dict[str, Any]
State = Literal["done", "open", "pruned", "failed", "refused"]


@dataclass(frozen=True)
class Observation:
    """One trial.

    Attributes:
        codes: its parameters.
        numbers: what is known before training: the cost as a feature, then the user's features.
        cost: down is better; nan where it can't be told.
        reports: rung to accuracy, up is better; the last rung's is there once it is done.
        exact: whether the cost was known before training, not measured.
        state: ``open`` while it runs or waits, ``refused`` if it was pruned without any report.
    """

    codes: Codes
    numbers: Floats
    cost: float
    reports: Mapping[int, float]
    state: State
    exact: bool = True


class Knowledge:
    """Costs, what is allowed and other known numbers of an architecture, by its parameters.

    Args:
        cost: None if a cost is known only once it was measured.
        sign: -1 if more of it is better.
        features: more numbers.
        allowed: what may be suggested.
        carried: whether a cost that a trial carries is exact, whatever it was found by.
    """

    def __init__(
        self,
        cost: Callable[[Params], float] | None,
        sign: float,
        features: Callable[[Params], Sequence[float]] | None,
        allowed: Callable[[Params], bool] | None,
        *,
        carried: bool = False,
    ) -> None:
        self._cost, self._sign = cost, sign
        self.foreseen = cost is not None
        self.exact = self.foreseen or carried
        self._features, self._allowed = features, allowed

    def of(self, params: Params) -> tuple[float, Floats] | None:
        """Cost (down is better) and numbers; None if a parameter is missing or a cost infinite."""
        try:
            extra = list(self._features(params)) if self._features else []
            if self._cost is None:
                return math.nan, np.array(extra, dtype=np.float64)
            raw = float(self._cost(params))
        except KeyError:
            return None
        if not math.isfinite(raw):
            return None
        shape = math.log(raw) if raw > 0 else raw
        return self._sign * raw, np.array([shape, *extra], dtype=np.float64)

    def measured(self, trial: FrozenTrial) -> float:
        """The cost that a trial was told with or carries as an attribute; nan without."""
        raw = trial.user_attrs.get(COST, math.nan)
        if trial.state == TrialState.COMPLETE and len(trial.values) > 1:
            raw = trial.values[1]
        return self._sign * float(raw) if math.isfinite(raw) else math.nan

    def allows(self, params: Params) -> bool:
        """Whether this may be suggested at all."""
        return self._allowed is None or self._allowed(params)


class Observations:
    """The trials of one study, kept in step with it; only what changed is read again.

    Args:
        knowledge: of architectures.
        space: of the parameters, if declared; else the parameters and their conditions are learned
            from the trials.
    """

    def __init__(self, knowledge: Knowledge, space: Iterable[Declared] | None) -> None:
        self._knowledge = knowledge
        self.declared = space is not None
        self.encoding = Encoding.declared(space) if space is not None else Encoding()
        self.distributions: dict[str, BaseDistribution] = {
            name: CategoricalDistribution(values)
            for name, values in zip(self.encoding.names, self.encoding.values, strict=True)
        }
        self._frozen: list[FrozenTrial | None] = []
        self.trials: list[Observation | None] = []
        self.seen: set[bytes] = set()
        self._promised: dict[int, Codes] = {}

    def promise(self, number: int, codes: Codes) -> None:
        """Note what a trial will be, so that others asked meanwhile differ from it."""
        self._promised[number] = codes
        self.seen.add(codes.tobytes())

    def declare(self, distributions: Mapping[str, BaseDistribution]) -> None:
        """Take in parameters that a trial has or will have."""
        new = {n: d for n, d in distributions.items() if n not in self.distributions}
        if not new or self.declared:
            return
        self.distributions.update(new)
        old = self.encoding
        values = tuple(choices(name, distribution) for name, distribution in new.items())
        rules = old.rules + ((),) * len(new)
        self.encoding = Encoding(old.names + tuple(new), old.values + values, rules)
        absent = np.full(len(new), ABSENT, dtype=np.int16)
        self.trials = [
            t and replace(t, codes=np.concatenate([t.codes, absent])) for t in self.trials
        ]
        self._promised = {n: np.concatenate([c, absent]) for n, c in self._promised.items()}
        rows = [*(t.codes for t in self.trials if t), *self._promised.values()]
        self.seen = {row.tobytes() for row in rows}

    def update(self, study: Study, current: int) -> None:
        """Read what is new in the study, but for the trial that is being asked."""
        self.read(study.get_trials(deepcopy=False), study.directions, current)

    def read(
        self,
        trials: Sequence[FrozenTrial],
        directions: Sequence[StudyDirection],
        current: int | None = None,
    ) -> bool:
        """Read what is new in these trials, but for one that is being asked; whether any was."""
        changed = False
        fresh: list[Codes] = []
        for place, trial in enumerate(trials):
            if place == len(self._frozen):
                self._frozen.append(None)
                self.trials.append(None)
            if self._frozen[place] is trial:
                continue
            if trial.number == current or trial.state == TrialState.WAITING:
                continue
            self._frozen[place], changed = trial, True
            self.declare(trial.distributions)
            observed = self._read(trial, directions[0], self.trials[place])
            self.trials[place] = observed
            if observed:
                self.seen.add(observed.codes.tobytes())
                if trial.state.is_finished():
                    fresh.append(observed.codes)
        if fresh and not self.declared:
            self._learn(fresh)
        return changed

    def _learn(self, fresh: list[Codes]) -> None:
        width = len(self.encoding.names)
        whole = [codes for codes in fresh if len(codes) == width]
        if len(whole) == len(fresh) and explains(self.encoding, np.stack(fresh)):
            return
        known = [t.codes for t in self.trials if t and t.state != "open"]
        rules = learn_rules(np.stack(known[-MOST:]), self.encoding.names)
        self.encoding = Encoding(self.encoding.names, self.encoding.values, rules)

    def _read(
        self, trial: FrozenTrial, direction: StudyDirection, before: Observation | None
    ) -> Observation | None:
        codes, params = self.encoding.encode(trial.params), trial.params
        promised = self._promised.get(trial.number)
        if promised is not None and trial.state == TrialState.RUNNING:
            if (codes >= 0).sum() < (promised >= 0).sum():
                codes, params = promised, self.encoding.decode(promised)
        else:
            self._promised.pop(trial.number, None)
        if before is not None and np.array_equal(before.codes, codes):
            cost, numbers = before.cost, before.numbers
        else:
            known = self._knowledge.of(params)
            if known is None:
                return None
            cost, numbers = known
        if not self._knowledge.foreseen:
            cost = self._knowledge.measured(trial)
        sign = 1.0 if direction == StudyDirection.MAXIMIZE else -1.0
        reports = {rung: sign * value for rung, value in reports_of(trial).items()}
        state = _state(trial, reports)
        return Observation(codes, numbers, cost, reports, state, self._knowledge.exact)


def choices(name: str, distribution: BaseDistribution) -> tuple[Any, ...]:
    """The values of a parameter.

    Raises:
        ValueError: if they are not a short list.
    """
    if isinstance(distribution, CategoricalDistribution):
        return tuple(distribution.choices)
    if isinstance(distribution, IntDistribution | FloatDistribution) and distribution.step:
        low, step = distribution.low, distribution.step
        count = round((distribution.high - low) / step) + 1
        if count <= MOST_VALUES and not distribution.log:
            return tuple(low + i * step for i in range(count))
    raise ValueError(
        f"parameter {name!r} is {distribution}; KnownCostSampler takes categorical parameters, "
        f"and integers or floats with a step and at most {MOST_VALUES} values"
    )


def _state(trial: FrozenTrial, reports: Mapping[int, float]) -> State:
    if "refused" in trial.user_attrs:
        return "refused"
    if any(value > 0 for value in trial.constraints.values()) or trial.state == TrialState.FAIL:
        return "failed"
    if trial.state == TrialState.COMPLETE:
        return "done" if LAST in reports else "failed"
    if trial.state == TrialState.PRUNED:
        return "pruned" if reports else "refused"
    return "open"

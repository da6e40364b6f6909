"""The in-memory Optuna study of a job, rebuilt from our own rows at every start."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import TrialState, create_trial

from nas.search.attributes import AUDIT, COST, PROTECTED, rung_key
from nas.search.draws import draw
from nas.search.pruner import PRUNERS
from nas.search.samplers import Known, make_sampler
from nas.store.records import INHERITED
from search_spaces.architecture import Architecture, Value
from search_spaces.space import SearchSpace

#: Who may go on is decided anew when one report in so many came since: to weigh all trials takes
#: time that grows with their number, so what a report costs doesn't.
STANDING = 100

#: Suggestions refused in a row (duplicates, over a limit) before a random unseen one is taken.
MAX_REFUSALS = 30

optuna.logging.set_verbosity(optuna.logging.WARNING)


@dataclass(frozen=True)
class History:
    """What the study needs to know of a recorded trial.

    Attributes:
        number: in our store.
        state: of our store (``running``, ``waiting``, ``done``, ``pruned``, ``failed``).
        rungs: epoch to validation accuracy.
        protected: from pruning.
        audited: drawn uniformly, to tell which rungs predict the last one.
    """

    number: int
    params: Mapping[str, Value]
    state: str
    cost: float
    rungs: Mapping[int, float]
    protected: bool
    audited: bool = False


@dataclass(frozen=True)
class Suggestion:
    """An architecture that the sampler wants trained; ``handle`` is its number in the study."""

    architecture: Architecture
    params: dict[str, Value]
    handle: int


@dataclass(frozen=True)
class _Decision:
    """Who may go on: trials with the epochs that they wait at, after so many reports."""

    reports: int
    order: tuple[tuple[int, int], ...]


class SearchStudy:
    """Sampler and pruner behind Optuna's own interfaces, with two objectives.

    Accuracy is maximised, cost minimised. Failed trials are told as pruned with a violated
    constraint: Optuna's FAIL is invisible to samplers, which would then come back for ever.

    Args:
        space: what can be suggested.
        sampler: a key of ``SAMPLERS``.
        pruner: a key of ``PRUNERS``.
        seed: of the sampler; with the number of known trials it seeds each (re)start, because a
            repeated seed would repeat the random phase.
        known: of architectures before training, for what uses it.
        by_surrogate: share of the pruner's promotions by rank that follow its surrogate instead.
        prune_after: so many trials, the first at a rung, all go on.
        threshold: of Kendall's tau; a rung that is audited below it prunes nothing.
    """

    def __init__(
        self,
        space: SearchSpace,
        sampler: str,
        pruner: str,
        rungs: tuple[int, ...],
        reduction: int,
        seed: int,
        history: Iterable[History] = (),
        known: Known | None = None,
        by_surrogate: float = 0.25,
        prune_after: int = 10,
        threshold: float = 0.2,
    ) -> None:
        past = list(history)
        self._space = space
        self._rungs = rungs
        self._pruner = PRUNERS[pruner](
            rungs,
            reduction,
            by_surrogate=by_surrogate,
            prune_after=prune_after,
            threshold=threshold,
            features=known.features if known else None,
            space=space.parameters(),
        )
        start = _seed(seed, len(past))
        self._random = random.Random(start)
        self._study = optuna.create_study(
            directions=["maximize", "minimize"],
            sampler=make_sampler(sampler, start, known),
            pruner=self._pruner,
        )
        self._handles: dict[int, int] = {}
        self._reports = sum(len(trial.rungs) for trial in past)
        self._decided: _Decision | None = None
        self._live: dict[int, optuna.Trial] = {}
        self._values = {parameter.name: parameter.values for parameter in space.parameters()}
        for trial in past:
            self._restore(trial)

    def suggest(self, refuse: Callable[[Architecture], str | None]) -> Suggestion | None:
        """The next architecture, or None if the space holds no acceptable one any more.

        Args:
            refuse: gives the reason why an architecture can't be trained (``duplicate`` or a
                limit), or None.
        """
        for _ in range(MAX_REFUSALS):
            suggestion = self._ask()
            reason = refuse(suggestion.architecture)
            if reason is None:
                return suggestion
            self.refuse(suggestion, reason)
        architecture = draw(self._space, self._random, refuse)
        return None if architecture is None else self.propose(architecture)

    def refuse(self, suggestion: Suggestion, reason: str) -> None:
        """Take a suggestion back; the sampler learns that it was not feasible."""
        trial = self._trial(suggestion.handle)
        trial.set_user_attr("refused", reason)
        if reason != "duplicate":
            trial.set_constraint(reason.split(" ")[0], 1.0)
        self._tell(suggestion.handle)

    def propose(self, architecture: Architecture) -> Suggestion | None:
        """A suggestion for a given architecture; None where it lies outside the space."""
        if architecture not in self._space:
            return None
        params = self._space.params_of(architecture)
        self._study.enqueue_trial(params)
        return self._ask()

    def admit(
        self,
        suggestion: Suggestion,
        number: int,
        cost: float,
        protected: bool,
        audited: bool = False,
    ) -> None:
        """Bind a suggestion to the trial that our store recorded for it."""
        self._handles[number] = suggestion.handle
        trial = self._trial(suggestion.handle)
        trial.set_user_attr(COST, cost)
        trial.set_user_attr(PROTECTED, protected)
        if audited:
            trial.set_user_attr(AUDIT, True)

    def report(self, number: int, epoch: int, accuracy: float) -> None:
        """Note a rung; does nothing for trials outside the space."""
        self._reports += 1
        if number in self._handles:
            self._trial(self._handles[number]).set_user_attr(rung_key(epoch), accuracy)

    def finish(self, number: int, accuracy: float | None, reason: str = "") -> None:
        """End a trial: with an accuracy complete, without one pruned (``reason``: failed)."""
        handle = self._handles.get(number)
        if handle is None:
            return
        if accuracy is not None:
            cost = self._frozen(handle).user_attrs[COST]
            self._tell(handle, [accuracy, cost])
            return
        if reason:
            self._trial(handle).set_constraint("failed", 1.0)
        self._tell(handle)

    def promotable(self, waiting: Mapping[int, int], *, now: bool = False) -> list[int]:
        """Which waiting trials may go on, best first: higher rungs before lower ones.

        A decision stands until one report in ``STANDING`` came since.

        Args:
            waiting: trial number to the epoch it waits at.
            now: decide by all that was reported.
        """
        decided = self._decided
        since = self._reports - decided.reports if decided else 0
        if decided is None or since > (0 if now else self._reports // STANDING - 1):
            order = self._order(waiting)
            decided = _Decision(self._reports, tuple((n, waiting[n]) for n in order))
            self._decided = decided
        return [number for number, epoch in decided.order if waiting.get(number) == epoch]

    def _order(self, waiting: Mapping[int, int]) -> list[int]:
        frozen = self._study.get_trials(deepcopy=False)
        numbers = {handle: number for number, handle in self._handles.items()}
        found: list[int] = []
        for epoch in (*reversed(self._rungs[:-1]), INHERITED):
            here = {number for number, at in waiting.items() if at == epoch}
            if here:
                order = (numbers[h] for h in self._leaving(frozen, epoch))
                found += [number for number in order if number in here]
                found += sorted(number for number in here if number not in self._handles)
        return found

    def _leaving(self, frozen: list[optuna.trial.FrozenTrial], epoch: int) -> list[int]:
        """Handles in the pruner's order; a score counts only once the audit has proved it."""
        if epoch == INHERITED and not self._pruner.proven(frozen, epoch):
            return [t.number for t in frozen if rung_key(epoch) in t.user_attrs]
        return self._pruner.promotable(frozen, epoch)

    @property
    def optuna_study(self) -> optuna.Study:
        """The study itself, for looking at."""
        return self._study

    def _ask(self) -> Suggestion:
        trial = self._study.ask()

        def choose(name: str, values: tuple[Value, ...]) -> Value:
            value = trial.suggest_categorical(name, values)
            assert value is not None
            return value

        architecture = self._space.walk(choose)
        self._live[trial.number] = trial
        return Suggestion(architecture, dict(trial.params), trial.number)

    def _tell(self, handle: int, values: list[float] | None = None) -> None:
        state = TrialState.PRUNED if values is None else TrialState.COMPLETE
        self._study.tell(handle, values, state=state, skip_if_finished=True)
        self._live.pop(handle, None)

    def _trial(self, handle: int) -> optuna.Trial:
        # Attaching anew draws from the sampler, so the trial that was asked is kept while it lives.
        if handle not in self._live:
            self._live[handle] = optuna.Trial(self._study, self._frozen(handle)._trial_id)
        return self._live[handle]

    def _frozen(self, handle: int) -> optuna.trial.FrozenTrial:
        return self._study.get_trials(deepcopy=False)[handle]

    def _restore(self, trial: History) -> None:
        attributes: dict[str, Any] = {COST: trial.cost, PROTECTED: trial.protected}
        attributes |= {AUDIT: True} if trial.audited else {}
        attributes |= {rung_key(epoch): accuracy for epoch, accuracy in trial.rungs.items()}
        distributions: dict[str, BaseDistribution] = {
            name: CategoricalDistribution(self._values[name]) for name in trial.params
        }
        states = {"done": TrialState.COMPLETE, "pruned": TrialState.PRUNED}
        states |= {"failed": TrialState.PRUNED}
        done = trial.state == "done"
        self._handles[trial.number] = len(self._study.get_trials(deepcopy=False))
        self._study.add_trial(
            create_trial(
                state=states.get(trial.state, TrialState.RUNNING),
                values=[trial.rungs[self._rungs[-1]], trial.cost] if done else None,
                params=dict(trial.params),
                distributions=distributions,
                user_attrs=attributes,
                constraints={"failed": 1.0} if trial.state == "failed" else None,
            )
        )


def _seed(seed: int, trials: int) -> int:
    digest = hashlib.sha256(f"{seed}:{trials}".encode()).digest()
    return int.from_bytes(digest[:4], "big")

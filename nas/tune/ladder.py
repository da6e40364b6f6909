"""Which trials may go on at which rung: the Pareto pruner's order, by Ray Tune's ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from optuna.samplers import RandomSampler

from nas.pareto import non_dominated_ranks
from nas.search.pruner import ParetoPruner
from nas.tune.record import Record, Row, State
from search_spaces.space import Parameter

#: After a report: train on, wait at the rung, or end at the last one.
Next = Literal["on", "wait", "end"]


class Ladder:
    """Trials that climb from rung to rung.

    A trial waits where it is not among the first; it may be promoted later, when others arrived.

    Args:
        pruner: its order counts, and its rungs.
    """

    def __init__(self, pruner: ParetoPruner) -> None:
        self._pruner = pruner
        self.declare(())
        #: The rung at which each trial waits.
        self.waiting: dict[str, int] = {}

    def declare(self, parameters: Sequence[Parameter]) -> None:
        """Say, before any trial, which parameters the pruner's surrogate may go by."""
        self._record = Record(parameters, ("maximize", "minimize"), RandomSampler())

    def __contains__(self, trial_id: object) -> bool:
        return trial_id in self._record.rows

    def enter(
        self,
        trial_id: str,
        cost: float,
        reached: Mapping[int, float],
        params: Mapping[str, Any] | None = None,
        state: State = "open",
    ) -> None:
        """Take in a trial with the accuracies at the rungs that it reached so far.

        Args:
            trial_id: Tune's.
            cost: less is better.
            reached: rung to accuracy; more is better.
            params: some of those declared.
            state: ``pruned`` for all that is over; the last rung makes it ``done``.
        """
        last = self._pruner.rungs[-1]
        if last in reached:
            state = "done"
        value = reached[last] if state == "done" else None
        row = Row(dict(params or {}), cost, dict(reached), state, value)
        self._record.enter(trial_id, row)

    def reach(self, trial_id: str, time: int, accuracy: float) -> Next:
        """Note a report and decide; between rungs a trial goes on.

        A report that leaps over a rung counts for the highest one below it.
        """
        passed = [rung for rung in self._pruner.rungs if rung <= time]
        if not passed or passed[-1] in self.reached(trial_id):
            return "on"
        self._record.report(trial_id, passed[-1], accuracy)
        if passed[-1] == self._pruner.rungs[-1]:
            self._record.finish(trial_id, "done", accuracy)
            return "end"
        self.waiting[trial_id] = passed[-1]
        if trial_id not in self.promotable():
            return "wait"
        del self.waiting[trial_id]
        return "on"

    def leave(self, trial_id: str, state: State) -> None:
        """A trial ends here, unless it did so already at the last rung."""
        self.waiting.pop(trial_id, None)
        if trial_id in self._record.open:
            self._record.finish(trial_id, state)

    def reached(self, trial_id: str) -> dict[int, float]:
        """Accuracies at the rungs that a trial reached."""
        return self._record.rows[trial_id].reports

    def promotable(self) -> list[str]:
        """Trials that wait and may go on, best first: higher rungs before lower ones."""
        trials = self._record.optuna_study.get_trials(deepcopy=False)
        ids = list(self._record.rows)
        found: list[str] = []
        for rung in sorted(set(self.waiting.values()), reverse=True):
            order = [ids[number] for number in self._pruner.promotable(trials, rung)]
            found += [trial_id for trial_id in order if self.waiting.get(trial_id) == rung]
        return found

    def last(self) -> str:
        """Of the trials that wait at the lowest rung, the one that most others there surpass."""
        lowest = min(self.waiting.values())
        here = [trial_id for trial_id, rung in self.waiting.items() if rung == lowest]
        rows = [self._record.rows[trial_id] for trial_id in here]
        accuracy = [row.reports[lowest] for row in rows]
        ranks = non_dominated_ranks(accuracy, [row.cost for row in rows])
        return here[max(range(len(here)), key=lambda i: (ranks[i], -accuracy[i]))]

    def __str__(self) -> str:
        parts = []
        for rung in self._pruner.rungs:
            reached = sum(rung in row.reports for row in self._record.rows.values())
            waiting = sum(at == rung for at in self.waiting.values())
            parts.append(f"rung {rung}: {reached} reached, {waiting} wait")
        return ", ".join(parts)

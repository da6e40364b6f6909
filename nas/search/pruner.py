"""Pause and promote by Pareto rank: an Optuna pruner for two objectives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from optuna.pruners import BasePruner
from optuna.study import Study
from optuna.trial import FrozenTrial

from nas.pareto import contributions, non_dominated_ranks

#: User attributes that the pruner reads. Optuna's own intermediate values would break TPE in a
#: study of several objectives (``study.direction`` does not exist there).
COST = "cost"
PROTECTED = "protected"


def rung_key(epoch: int) -> str:
    """The user attribute that holds the accuracy at a rung."""
    return f"rung:{epoch}"


class ParetoPruner(BasePruner):
    """Successive halving on the front of accuracy (up) against cost (down).

    At a rung, all trials that ever reached it are ordered by non-domination and, within a front,
    by the hypervolume that only they add. The first ``n // reduction`` may go on. A costly trial
    so has to beat every trial of equal or lower cost, never one of higher cost. Trials that wait
    may be promoted later, when others have arrived (asynchronous successive halving, Li et al.
    2020, algorithm 2, with the scalar rank replaced).

    Trials with the user attribute ``protected`` (baselines) always go on.

    Args:
        rungs: epochs at which trials are compared, increasing; the last one ends a trial.
        reduction: one trial of this many goes on.
    """

    def __init__(self, rungs: Sequence[int], reduction: int = 3) -> None:
        self.rungs = tuple(rungs)
        self.reduction = reduction

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether the trial must wait (for good, if the study ends) at the last rung it reached."""
        epoch = self._reached(trial)
        if epoch is None or epoch == self.rungs[-1]:
            return False
        return trial.number not in self.promotable(study.get_trials(deepcopy=False), epoch)

    def promotable(self, trials: Iterable[FrozenTrial], epoch: int) -> list[int]:
        """Numbers of the trials that may leave this rung upwards, best first."""
        key = rung_key(epoch)
        here = [t for t in trials if key in t.user_attrs]
        if not here:
            return []
        accuracy = [t.user_attrs[key] for t in here]
        cost = [t.user_attrs[COST] for t in here]
        ranks = non_dominated_ranks(accuracy, cost)
        alone = contributions(accuracy, cost, min(accuracy), max(cost))
        order = sorted(range(len(here)), key=lambda i: (ranks[i], -alone[i], here[i].number))
        best = set(order[: len(here) // self.reduction])
        return [
            here[i].number for i in order if i in best or here[i].user_attrs.get(PROTECTED, False)
        ]

    def _reached(self, trial: FrozenTrial) -> int | None:
        reached = [epoch for epoch in self.rungs if rung_key(epoch) in trial.user_attrs]
        return reached[-1] if reached else None


class NoPruner(ParetoPruner):
    """Every trial goes on to the last rung."""

    def promotable(self, trials: Iterable[FrozenTrial], epoch: int) -> list[int]:
        """All trials at this rung, in the order of their numbers."""
        return sorted(t.number for t in trials if rung_key(epoch) in t.user_attrs)


PRUNERS: dict[str, type[ParetoPruner]] = {"pareto": ParetoPruner, "none": NoPruner}

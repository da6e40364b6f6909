"""Pause and promote by Pareto rank: an Optuna pruner for one objective or two."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial

from nas.analysis.fidelity import fidelities
from nas.pareto import contributions, non_dominated_ranks
from nas.search.attributes import AUDIT, COST, LAST, PROTECTED, reports_of, rung_key
from nas.search.encoding import Declared
from nas.search.forecast import Forecast
from nas.search.selection import predicts, worthwhile

#: Waiting trials at a rung that the surrogate is asked about: so many, from the best rank on.
MOST_FORECAST = 500

#: Accuracy up, cost down.
USUAL = (StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE)


class ParetoPruner(BasePruner):
    """Successive halving on the front of the first objective against cost.

    At a rung, all trials that ever reached it are ordered by non-domination and, within a front,
    by the hypervolume that only they add. Of n trials, n // reduction may go on. A costly trial so
    has to beat every trial of equal or lower cost, never one of higher cost. Trials that wait may
    be promoted later, when others have arrived (asynchronous successive halving, Li et al. 2020,
    algorithm 2, with the scalar rank replaced); in a loop that can't pause, ``prune`` ends them.

    More go on where the rung turns out to say little of the last one among trials of like cost, as
    their epochs are then better spent on finishing trials (``nas.search.selection``).

    A share of the promotions follows a surrogate instead: it goes to those waiting trials that are
    expected to add most area at the last rung to what has finished. Where the rank and the
    surrogate have picked different trials over time, the latter's share shrinks, so that no more
    go on than the reduction allows.

    Trials with the user attribute ``protected`` always go on. Those with ``audit`` do too, and must
    be uniform random draws: a rung whose rank correlation with the last rung over them is below
    ``threshold`` stops pruning, from ``nas.analysis.fidelity.LEAST_TRIALS`` of them on.

    Trials tell their first objective at a rung by the user attribute ``rung:EPOCH`` (or by
    ``trial.report`` in a study of one objective), and in a study of two their cost by the user
    attribute ``cost``. Nothing is drawn at random: equal studies give equal answers.

    Args:
        rungs: epochs at which trials are compared, increasing; the last one ends a trial.
        reduction: one trial of this many goes on, at the least.
        by_surrogate: share of the promotions, 0…1.
        threshold: of Kendall's tau.
        features: numbers that are known of a candidate by its parameters, for the surrogate.
        space: the parameters, if declared; see ``KnownCostSampler``.
    """

    def __init__(
        self,
        rungs: Sequence[int],
        reduction: int = 3,
        *,
        by_surrogate: float = 0.25,
        threshold: float = 0.2,
        features: Callable[[dict[str, Any]], Sequence[float]] | None = None,
        space: Mapping[str, BaseDistribution] | Iterable[Declared] | None = None,
    ) -> None:
        self.rungs = tuple(rungs)
        if not self.rungs or list(self.rungs) != sorted(set(self.rungs)) or self.rungs[0] < 1:
            raise ValueError(f"rungs are {list(self.rungs)}; allowed: epochs from 1, rising")
        if reduction < 2:
            raise ValueError(f"reduction is {reduction}; allowed: integers from 2")
        if not 0 <= by_surrogate <= 1:
            raise ValueError(f"by_surrogate is {by_surrogate}; allowed: 0 to 1")
        self.reduction, self.by_surrogate, self.threshold = reduction, by_surrogate, threshold
        self._forecast = Forecast(features, space)
        self._lock = threading.Lock()

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether the trial must wait (for good, if the study ends) at the last rung it reached.

        Raises:
            ValueError: for more than two objectives, or a second one without attribute ``cost``.
        """
        reached = [rung for rung in self.rungs if _told(trial, rung) is not None]
        if not reached or reached[-1] == self.rungs[-1]:
            return False
        if len(study.directions) > 2:
            raise ValueError(f"the study has {len(study.directions)} objectives; allowed: 1 or 2")
        if len(study.directions) == 2 and COST not in trial.user_attrs:
            raise ValueError(f"trial {trial.number} has no user attribute {COST!r}")
        trials = study.get_trials(deepcopy=False)
        with self._lock:
            return trial.number not in self.promotable(trials, reached[-1], study.directions)

    def promotable(
        self,
        trials: Sequence[FrozenTrial],
        epoch: int,
        directions: Sequence[StudyDirection] = USUAL,
    ) -> list[int]:
        """Numbers of the trials that may leave this rung upwards, best first."""
        order = self._ranked(trials, epoch, directions)
        if epoch in self.blind(trials, directions):
            return [t.number for t in order]
        quota = self._quota(order, epoch, directions)
        share = math.floor(self.by_surrogate * quota + 0.5)
        if not (share and self._forecast.update(trials, directions)):
            share = 0
        by_rank = {t.number for t in order[: quota - share]}
        chosen = [t.number for t in order if t.number in by_rank or _protected(t)]
        rest = [t for t in order if t.number not in by_rank and not _protected(t)]
        above = {t.number for t in rest if self._is_above(t, epoch)}
        near = above & {t.number for t in order[:quota]}
        # Who went on from outside the quota is charged to the surrogate's share in full; who did
        # from between may have been promoted by either, so only in part.
        left = math.floor(share - len(above - near) - self.by_surrogate * len(near))
        waiting = [t.number for t in rest if t.number not in above and not t.state.is_finished()]
        picks = self._forecast.best(waiting[:MOST_FORECAST])[:left] if left > 0 else []
        return chosen + picks

    def blind(
        self, trials: Iterable[FrozenTrial], directions: Sequence[StudyDirection] = USUAL
    ) -> set[int]:
        """The rungs that prune nothing, because they don't predict the last one."""
        found = fidelities(self._audited(trials, directions), self.rungs, intervals=False)
        return {fidelity.rung for fidelity in found if fidelity.blind(self.threshold)}

    def proven(
        self,
        trials: Iterable[FrozenTrial],
        epoch: int,
        directions: Sequence[StudyDirection] = USUAL,
    ) -> bool:
        """Whether the audit has shown that this epoch, a rung or not, predicts the last rung."""
        audited = self._audited(trials, directions)
        (found,) = fidelities(audited, (epoch, self.rungs[-1]), intervals=False)
        return found.proven(self.threshold)

    def _audited(
        self, trials: Iterable[FrozenTrial], directions: Sequence[StudyDirection]
    ) -> list[dict[int, float]]:
        """Accuracies by rung of the audited trials, up is better."""
        sign, last = _sign(directions), self.rungs[-1]
        audited = [reports_of(t) for t in trials if t.user_attrs.get(AUDIT, False)]
        return [
            {(last if rung == LAST else rung): sign * value for rung, value in reports.items()}
            for reports in audited
        ]

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def _ranked(
        self, trials: Iterable[FrozenTrial], epoch: int, directions: Sequence[StudyDirection]
    ) -> list[FrozenTrial]:
        """Who ever reached a rung with a finite number, best first."""
        told = ((t, _told(t, epoch)) for t in trials)
        here = [(t, value) for t, value in told if value is not None and math.isfinite(value)]
        if not here:
            return []
        upward = -1.0 if len(directions) > 1 and directions[1] == StudyDirection.MAXIMIZE else 1.0
        accuracy = [_sign(directions) * value for _, value in here]
        cost = [upward * t.user_attrs.get(COST, 0.0) for t, _ in here]
        ranks = non_dominated_ranks(accuracy, cost)
        alone = contributions(accuracy, cost, min(accuracy), max(cost))
        order = sorted(range(len(here)), key=lambda i: (ranks[i], -alone[i], here[i][0].number))
        return [here[i][0] for i in order]

    def _quota(
        self, order: Sequence[FrozenTrial], epoch: int, directions: Sequence[StudyDirection]
    ) -> int:
        """How many may go on: one of ``reduction``, and more where the rung predicts little."""
        sign, last = _sign(directions), self.rungs[-1]
        here = np.array([sign * (_told(t, epoch) or 0.0) for t in order])
        ends = [_told(t, last) for t in order]
        end = np.array([math.nan if value is None else sign * value for value in ends])
        cost = np.array([t.user_attrs.get(COST, 0.0) for t in order])
        correlation = predicts(here, end, cost)
        if correlation is None:
            return len(order) // self.reduction
        share = worthwhile(correlation, epoch / last, 1 / self.reduction)
        return math.floor(share * len(order) + 1e-9)

    def _is_above(self, trial: FrozenTrial, epoch: int) -> bool:
        return any(_told(trial, rung) is not None for rung in self.rungs if rung > epoch)


class NoPruner(ParetoPruner):
    """Every trial goes on to the last rung."""

    def promotable(
        self,
        trials: Sequence[FrozenTrial],
        epoch: int,
        directions: Sequence[StudyDirection] = USUAL,
    ) -> list[int]:
        """All trials at this rung, in the order of their numbers."""
        return sorted(t.number for t in trials if _told(t, epoch) is not None)


PRUNERS: dict[str, type[ParetoPruner]] = {"pareto": ParetoPruner, "none": NoPruner}


def _told(trial: FrozenTrial, epoch: int) -> float | None:
    """The first objective at a rung as it was told."""
    value = trial.user_attrs.get(rung_key(epoch), trial.intermediate_values.get(epoch))
    return None if value is None else float(value)


def _protected(trial: FrozenTrial) -> bool:
    return bool(trial.user_attrs.get(PROTECTED, False) or trial.user_attrs.get(AUDIT, False))


def _sign(directions: Sequence[StudyDirection]) -> float:
    return -1.0 if directions[0] == StudyDirection.MINIMIZE else 1.0

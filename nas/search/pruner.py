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
from nas.search.acquisition import on_axis, scale_of
from nas.search.attributes import COST, LAST, rungs_of
from nas.search.encoding import Declared
from nas.search.forecast import LEAST_FINISHED, Forecast
from nas.search.readings import Reading, Readings
from nas.search.rungs import hint
from nas.search.selection import RECENT, Belief, rate_of_new

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

    More go on where finishing them promises more area per epoch left than new trials promise per
    epoch that they cost (``nas.search.selection``). What a trial promises rests on a surrogate of
    what finished and on what the rung has turned out to say of the last one among trials of like
    cost, whichever way it points. So a rung that says nothing stops nobody, and a trial that waits
    goes on once the study has nothing better to do. The first trials at a rung all go on, as
    nothing is known of it by then.

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
        by_surrogate: share of the promotions by rank, 0…1.
        prune_after: so many trials, the first at a rung, all go on.
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
        prune_after: int = 10,
        threshold: float = 0.2,
        features: Callable[[dict[str, Any]], Sequence[float]] | None = None,
        space: Mapping[str, BaseDistribution] | Iterable[Declared] | None = None,
    ) -> None:
        self.rungs = tuple(rungs)
        whole = all(isinstance(rung, int | np.integer) and rung > 0 for rung in self.rungs)
        if not self.rungs or not whole or list(self.rungs) != sorted(set(self.rungs)):
            raise ValueError(f"rungs are {list(self.rungs)}; allowed: epochs from 1, rising")
        if reduction < 2:
            raise ValueError(f"reduction is {reduction}; allowed: integers from 2")
        if not 0 <= by_surrogate <= 1:
            raise ValueError(f"by_surrogate is {by_surrogate}; allowed: 0 to 1")
        if prune_after < 0:
            raise ValueError(f"prune_after is {prune_after}; allowed: integers from 0")
        if not -1 <= threshold <= 1:
            raise ValueError(f"threshold is {threshold}; allowed: −1 to 1")
        self.reduction, self.by_surrogate, self.threshold = reduction, by_surrogate, threshold
        self.prune_after = prune_after
        self._forecast = Forecast(features, space)
        self._readings = Readings()
        self._lock = threading.Lock()

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether the trial must wait (for good, if the study ends) at the last rung it reached.

        Raises:
            ValueError: for more than two objectives, or a second one without attribute ``cost``.
        """
        told = rungs_of(trial)
        reached = [rung for rung in self.rungs if rung in told]
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
        quota = len(order) // self.reduction
        share = math.floor(self.by_surrogate * quota + 0.5)
        if not (share and self._forecast.update(trials, directions)):
            share = 0
        sure = {t.number for t in order[: quota - share]}
        if epoch in self.rungs:
            sure |= set(sorted(t.number for t in order)[: self.prune_after])
        chosen = [t.number for t in order if t.number in sure or t.protected]
        rest = [t for t in order if t.number not in sure and not t.protected]
        above = {t.number for t in rest if self._is_above(t, epoch)}
        near = above & {t.number for t in order[:quota]}
        # Who went on from outside the quota is charged to the surrogate's share in full; who did
        # from between may have been promoted by either, so only in part.
        left = math.floor(share - len(above - near) - self.by_surrogate * len(near))
        waiting = [t.number for t in rest if t.number not in above and not t.finished]
        waiting = waiting[:MOST_FORECAST]
        picks = self._forecast.best(waiting)[:left] if left > 0 else []
        rest_of = [number for number in waiting if number not in picks]
        return chosen + picks + self._worthwhile(trials, epoch, directions, rest_of)

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
        return [
            {(last if rung == LAST else rung): sign * value for rung, value in t.reports.items()}
            for t in self._readings.of(trials)
            if t.audited
        ]

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def _ranked(
        self, trials: Iterable[FrozenTrial], epoch: int, directions: Sequence[StudyDirection]
    ) -> list[Reading]:
        """Who ever reached a rung with a finite number, best first."""
        told = ((t, t.told.get(epoch)) for t in self._readings.of(trials))
        here = [(t, value) for t, value in told if value is not None and math.isfinite(value)]
        if not here:
            return []
        accuracy = [_sign(directions) * value for _, value in here]
        cost = [_turn(directions) * (0.0 if t.cost is None else t.cost) for t, _ in here]
        ranks = non_dominated_ranks(accuracy, cost)
        alone = contributions(accuracy, cost, min(accuracy), max(cost))
        order = sorted(range(len(here)), key=lambda i: (ranks[i], -alone[i], here[i][0].number))
        return [here[i][0] for i in order]

    def _worthwhile(
        self,
        trials: Sequence[FrozenTrial],
        epoch: int,
        directions: Sequence[StudyDirection],
        waiting: Sequence[int],
    ) -> list[int]:
        """Which of those that wait are better finished than new ones begun, best first."""
        if not waiting:
            return []
        first, last, asked = self.rungs[0], self.rungs[-1], set(waiting)
        surrogate = self._forecast.update(trials, directions)
        read = [t for t in self._readings.of(trials) if t.reports and not t.failed]
        told = [t for t in read if not surrogate or self._forecast.knows(t.number)]
        top, early, here = (
            _sign(directions) * np.array([t.reports.get(rung, math.nan) for t in told])
            for rung in (LAST, first, epoch)
        )
        done = ~np.isnan(top)
        new = [i for i, t in enumerate(told) if not t.is_rule and not np.isnan(early[i])]
        if not new or done.sum() < LEAST_FINISHED:
            return []
        which = [i for i, t in enumerate(told) if t.number in asked]
        cost = np.array([math.nan if t.cost is None else t.cost for t in told])
        cost = _turn(directions) * cost
        hint_of_new = hint(early, top, cost).doubted()
        if surrogate:
            belief = self._forecast.belief([t.number for t in told])
        else:
            scale = scale_of(cost) if len(directions) > 1 else "none"
            belief = Belief.of_the_crowd(hint_of_new, top, on_axis(cost, scale))
        rate = rate_of_new(belief.promise(hint_of_new, done, new[-RECENT:]), first, last - first)
        found = hint(here, top, cost).doubted()
        promises = belief.promise(found, done, which) / (last - epoch)
        # A promise that is no number can't be held against anyone.
        worth = [
            (-promise, i) for promise, i in zip(promises, which, strict=True) if not promise < rate
        ]
        return [told[i].number for _, i in sorted(worth)]

    def _is_above(self, trial: Reading, epoch: int) -> bool:
        return any(rung in trial.told for rung in self.rungs if rung > epoch)


class NoPruner(ParetoPruner):
    """Every trial goes on to the last rung."""

    def promotable(
        self,
        trials: Sequence[FrozenTrial],
        epoch: int,
        directions: Sequence[StudyDirection] = USUAL,
    ) -> list[int]:
        """All trials at this rung, in the order of their numbers."""
        return sorted(t.number for t in self._readings.of(trials) if epoch in t.told)


PRUNERS: dict[str, type[ParetoPruner]] = {"pareto": ParetoPruner, "none": NoPruner}


def _sign(directions: Sequence[StudyDirection]) -> float:
    return -1.0 if directions[0] == StudyDirection.MINIMIZE else 1.0


def _turn(directions: Sequence[StudyDirection]) -> float:
    """What turns costs so that down is better."""
    return -1.0 if len(directions) > 1 and directions[1] == StudyDirection.MAXIMIZE else 1.0

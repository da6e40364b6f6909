"""The Pareto pruner as a Ray Tune ``TrialScheduler``: pause and promote."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.result import SHOULD_CHECKPOINT
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import ConcurrencyLimiter
from ray.tune.trainable import FunctionTrainable

from nas.search.pruner import ParetoPruner
from nas.search.sampler import Direction
from nas.tune.ladder import Ladder
from nas.tune.objective import Cost, agreed, check_arguments, exact
from nas.tune.questions import Config
from nas.tune.record import State
from nas.tune.space import SPACE, ExactCost, architecture_of, search_space_of

#: The attribute of Tune's trials that holds accuracies at rungs: a restored Tuner brings its trials
#: back, but forgets its scheduler.
REACHED = "pareto_reached"

_DECISIONS = {
    "on": TrialScheduler.CONTINUE,
    "wait": TrialScheduler.PAUSE,
    "end": TrialScheduler.STOP,
}


class ParetoScheduler(TrialScheduler):  # type: ignore[misc]
    """Successive halving on the front of ``metric`` against a cost known before training.

    At a rung a trial is ranked against all that ever reached it, by non-domination and then by the
    hypervolume that only it adds. One of ``reduction`` goes on, and who promises more for the
    epochs left than new trials do for theirs (``nas.search.pruner.ParetoPruner``). The others are
    paused, and promoted if they come to deserve it when more trials have arrived; promoted trials
    come before new ones. What still waits when nothing else is left to do is stopped.

    A paused trial goes on from its checkpoint, so a function trainable has to report one at every
    rung, and to start from ``tune.get_checkpoint()``.

    Args:
        cost: of a trial's config: ``ExactCost(shape)`` or any function.
        rungs: values of ``time_attr`` at which trials are compared; the last one ends a trial.
        reduction: one trial of this many goes on, at the least.
        metric: that the trainable reports; by default that of ``TuneConfig``.
        mode: ``max`` or ``min``; by default that of ``TuneConfig``.
        time_attr: what a report tells the time with.
        cost_direction: ``minimize``, or ``maximize`` where more is better.
        by_surrogate: share of the promotions by rank that follows a surrogate's forecast of the
            last rung instead, 0 to 1; it needs the space of ``nas.tune.space_of`` in the configs.
        prune_after: so many trials, the first at a rung, all go on.

    Raises:
        ValueError: for arguments that make no sense, saying what is allowed.
    """

    # Several reports at once would be decided on too late.
    _supports_buffered_results = False

    def __init__(
        self,
        cost: Cost,
        rungs: Sequence[int],
        reduction: int = 3,
        metric: str | None = None,
        mode: str | None = None,
        *,
        time_attr: str = "training_iteration",
        cost_direction: Direction = "minimize",
        by_surrogate: float = 0.25,
        prune_after: int = 10,
    ) -> None:
        super().__init__()
        check_arguments("ParetoScheduler", cost, metric, mode)
        self._cost, self._metric, self._mode = cost, metric, mode
        self._time_attr = time_attr
        self._cost_sign = 1.0 if cost_direction == "minimize" else -1.0
        self._ladder = Ladder(
            ParetoPruner(
                rungs,
                reduction,
                by_surrogate=by_surrogate,
                prune_after=prune_after,
                features=self._features if isinstance(cost, ExactCost) else None,
            )
        )
        self._rungs = tuple(rungs)
        #: The search space that all configs hold; empty before the first trial, or without one.
        self._space = ""
        #: Trials that may leave their rung, by id, in the order of their promotions.
        self._promoted: dict[str, Trial] = {}

    def set_search_properties(self, metric: str | None, mode: str | None, **spec: Any) -> bool:
        """Take metric and mode from the Tuner.

        Raises:
            ValueError: if they are missing or contradict what this was made with.
        """
        check_arguments("TuneConfig", self._cost, metric, mode)
        self._metric = agreed("ParetoScheduler", "metric", self._metric, metric)
        self._mode = agreed("ParetoScheduler", "mode", self._mode, mode)
        return True

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        """Take in a new trial, one that starts again, or one of a restored Tuner."""
        if trial.trial_id in self._ladder:
            return
        # Tune keeps the attribute as JSON.
        reached = {int(rung): value for rung, value in getattr(trial, REACHED, {}).items()}
        cost = self._cost_sign * exact(self._cost, trial.config)
        state: State = "pruned" if trial.is_finished() else "open"
        params = self._params(trial.config)
        self._ladder.enter(trial.trial_id, cost, reached, params, state)
        at = max(reached, default=0)
        waits = at in reached and trial.last_result.get(self._time_attr, 0) <= at
        if waits and trial.status == Trial.PENDING:
            # Tune would start it at once, whether it deserves it or not.
            trial.set_status(Trial.PAUSED)
            self._ladder.waiting[trial.trial_id] = at

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: Mapping[str, Any]) -> str:
        """Train on, pause or stop."""
        self._promoted.pop(trial.trial_id, None)
        value, time = result.get(str(self._metric)), result.get(self._time_attr)
        if value is None or time is None:
            return str(self.CONTINUE)
        if not math.isfinite(value):
            return str(self.STOP)
        sign = 1.0 if self._mode == "max" else -1.0
        decision = self._ladder.reach(trial.trial_id, int(time), sign * float(value))
        setattr(trial, REACHED, self._ladder.reached(trial.trial_id))
        trial.invalidate_json_state()
        if decision == "wait":
            self._check_checkpoint(trial, result)
            _tell(tune_controller, "on_pause", trial)
            self._promote(tune_controller)
        return str(_DECISIONS[decision])

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: Any) -> None:
        """Its place is free."""
        self._leave(tune_controller, trial, "pruned")

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """Its place is free, unless Tune starts it again from its checkpoint."""
        if trial.status != Trial.ERROR:
            self._leave(tune_controller, trial, "failed")

    def on_trial_remove(self, tune_controller: Any, trial: Trial) -> None:
        """It waits no more."""
        self._leave(tune_controller, trial, "pruned")

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """A promoted trial, or the oldest new one; where nothing can go on, the waiting end."""
        self._promote(tune_controller)
        for trial in self._promoted.values():
            if trial.status == Trial.PAUSED:
                return trial
        running = False
        for trial in tune_controller.get_trials():
            if trial.status == Trial.PENDING or self._is_stalled(trial):
                return trial
            running = running or trial.status == Trial.RUNNING
        if not running and self._ladder.waiting:
            self._end(tune_controller)
        return None

    def debug_string(self) -> str:
        """How many trials reached each rung."""
        return f"Using ParetoScheduler: {self._ladder}"

    def _is_stalled(self, trial: Trial) -> bool:
        """A restored Tuner pauses by a decision from before, which nobody asked for any more."""
        known = trial.trial_id in self._ladder.waiting or trial.trial_id in self._promoted
        return trial.status == Trial.PAUSED and not known

    def _params(self, config: Config) -> Config:
        """The architecture's, for the pruner's surrogate; of the first trial's space alone."""
        if not isinstance(config.get(SPACE), str):
            return {}
        space = search_space_of(config)
        if not self._space:
            self._space = config[SPACE]
            self._ladder.declare(space.parameters())
        if config[SPACE] != self._space:
            return {}
        return space.params_of(architecture_of(config))

    def _features(self, params: Config) -> list[float]:
        assert isinstance(self._cost, ExactCost)
        return self._cost.features({SPACE: self._space, **params})

    def _leave(self, controller: Any, trial: Trial, state: State) -> None:
        self._promoted.pop(trial.trial_id, None)
        self._ladder.leave(trial.trial_id, state)
        self._promote(controller, leaving=trial)

    def _promote(self, controller: Any, leaving: Trial | None = None) -> None:
        """Give what places are free to waiting trials that deserve it."""
        ready = self._ladder.promotable() if self._ladder.waiting else []
        if not ready:
            return
        trials = {trial.trial_id: trial for trial in controller.get_live_trials()}
        active = {i for i, t in trials.items() if t.status in (Trial.PENDING, Trial.RUNNING)}
        active -= self._ladder.waiting.keys()
        active |= self._promoted.keys()
        if leaving is not None:
            active.discard(leaving.trial_id)
        for trial_id in ready:
            if len(active) >= _most_at_once(controller):
                return
            del self._ladder.waiting[trial_id]
            self._promoted[trial_id] = trials[trial_id]
            active.add(trial_id)
            _tell(controller, "on_unpause", trials[trial_id])

    def _end(self, controller: Any) -> None:
        """Nothing runs and nothing new comes: for good, or until a place is free."""
        waiting = list(self._ladder.waiting)
        if not controller.search_alg.is_finished():
            # A limit of concurrency that counts paused trials too.
            waiting = [self._ladder.last()]
        for trial in [t for t in controller.get_trials() if t.trial_id in waiting]:
            controller.stop_trial(trial)

    def _check_checkpoint(self, trial: Trial, result: Mapping[str, Any]) -> None:
        is_function = issubclass(trial.get_trainable_cls(), FunctionTrainable)
        if is_function and not result.get(SHOULD_CHECKPOINT):
            raise ValueError(
                f"trial {trial.trial_id} reported no checkpoint at {self._time_attr} "
                f"{result.get(self._time_attr)}, where ParetoScheduler has to pause it; call "
                "tune.report(metrics, checkpoint=...) at every rung: "
                + ", ".join(map(str, self._rungs))
            )


def _limiter_and_searcher(controller: Any) -> tuple[ConcurrencyLimiter | None, Any]:
    limiter, searcher = None, getattr(controller.search_alg, "searcher", None)
    while isinstance(searcher, ConcurrencyLimiter):
        limiter, searcher = searcher, searcher.searcher
    return limiter, searcher


def _most_at_once(controller: Any) -> float:
    limiter, _ = _limiter_and_searcher(controller)
    return math.inf if limiter is None else float(limiter.max_concurrent)


def _tell(controller: Any, what: str, trial: Trial) -> None:
    """Tell a searcher that counts running trials itself, as ``KnownCostSearch`` does."""
    _, searcher = _limiter_and_searcher(controller)
    if hasattr(searcher, what):
        getattr(searcher, what)(trial.trial_id)

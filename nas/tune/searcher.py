"""The known-cost sampler as a Ray Tune ``Searcher``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ray import cloudpickle
from ray.tune.search import Searcher

from nas.search.sampler import Direction, KnownCostSampler
from nas.tune.objective import Cost, agreed, check_arguments, exact
from nas.tune.questions import Config, Questions
from nas.tune.record import Record, Row
from nas.tune.space import ExactCost
from search_spaces.architecture import Architecture

#: Suggestions in a row that were tried before, after which the space counts as used up.
MAX_REPEATS = 30


class KnownCostSearch(Searcher):  # type: ignore[misc]
    """Suggest what is expected to widen the front of ``metric`` against a cost known beforehand.

    The trainable reports ``metric`` alone; the cost of a config is computed here, before anything
    is trained. Nothing is suggested twice: when the space is used up, the search ends. What it
    learns from: every report by its ``time_attr``, a trial's last one as its result if it reached
    ``epochs``. Trials that a scheduler stopped earlier count as pruned, those that failed are kept
    away from, running ones as if they had reached what is expected of them.

    The space is the Tuner's ``param_space``: ``nas.tune.space_of``, and ``tune.choice`` of your
    own. Inside of a ``ConcurrencyLimiter``, trials that ``ParetoScheduler`` paused don't count.

    Args:
        cost: of a trial's config: ``ExactCost(shape)`` or any function.
        metric: that the trainable reports; by default that of ``TuneConfig``.
        mode: ``max`` or ``min``; by default that of ``TuneConfig``.
        epochs: the full budget in ``time_attr``. None counts every trial that ended without an
            error as complete, which is wrong beside a scheduler that stops trials.
        time_attr: what a report tells the time with.
        points_to_evaluate: architectures or configs to try first, such as baselines.
        cost_direction: ``minimize``, or ``maximize`` where more is better.
        features: more numbers that are known of a config; ``ExactCost`` brings its own.
        allowed: False for configs that must not be tried, such as those over a limit.
        seed: of all draws.
    """

    def __init__(
        self,
        cost: Cost,
        metric: str | None = None,
        mode: str | None = None,
        *,
        epochs: int | None = None,
        time_attr: str = "training_iteration",
        points_to_evaluate: Sequence[Architecture | Mapping[str, Any]] = (),
        cost_direction: Direction = "minimize",
        features: Callable[[Config], Sequence[float]] | None = None,
        allowed: Callable[[Config], bool] | None = None,
        seed: int = 0,
    ) -> None:
        check_arguments("KnownCostSearch", cost, metric, mode)
        if epochs is not None and epochs < 1:
            raise ValueError(f"epochs is {epochs}; allowed: integers from 1, None")
        KnownCostSampler(cost, cost_direction, seed)  # refuses what makes no sense before Tune runs
        super().__init__(metric=metric, mode=mode)
        self._cost, self._allowed = cost, allowed
        self._features = cost.features if isinstance(cost, ExactCost) else features
        self._epochs, self._time_attr = epochs, time_attr
        self._metric: str | None = metric
        self._mode: str | None = mode
        self._points = tuple(points_to_evaluate)
        self._queue: list[Config] = []
        self._cost_direction: Direction = cost_direction
        self._seed = seed
        self._questions: Questions | None = None
        self._record: Record | None = None
        self._max_concurrent = math.inf
        self._paused: set[str] = set()

    def set_search_properties(
        self, metric: str | None, mode: str | None, config: Config, **spec: Any
    ) -> bool:
        """Take metric, mode and space from the Tuner.

        Raises:
            ValueError: if they contradict what this was made with, or can't be searched.
        """
        check_arguments("TuneConfig", self._cost, metric, mode)
        self._metric = agreed("KnownCostSearch", "metric", self._metric, metric)
        self._mode = agreed("KnownCostSearch", "mode", self._mode, mode)
        self._questions = Questions.of(config)
        self._queue = [self._questions.params_of(point) for point in self._points]
        return True

    def set_max_concurrency(self, max_concurrent: int) -> bool:
        """Keep a ``ConcurrencyLimiter``'s limit here, where paused trials can be left out."""
        self._max_concurrent = max_concurrent
        return True

    def suggest(self, trial_id: str) -> Config | str | None:
        """The next config; None at the limit of concurrency; FINISHED if all were tried."""
        record = self._opened()
        questions = self._questions
        assert questions is not None
        if len(record.open - self._paused) >= self._max_concurrent:
            return None
        while self._queue:
            params = self._queue.pop(0)
            if not record.knows(params):
                record.enter(trial_id, Row(params, self._cost_of(params)))
                return questions.suggestion(params)
        for _ in range(MAX_REPEATS):
            trial, params = record.ask(questions.ask)
            if self._is_allowed(params) and not record.knows(params):
                record.enter(trial_id, Row(params, self._cost_of(params)), trial)
                return questions.suggestion(params)
            record.refuse(trial)
        return str(self.FINISHED)

    def on_trial_result(self, trial_id: str, result: Mapping[str, Any]) -> None:
        """Note a report."""
        value, time = result.get(str(self._metric)), result.get(self._time_attr)
        if value is not None and time is not None and math.isfinite(value):
            self._opened().report(trial_id, int(time), float(value))

    def on_trial_complete(
        self, trial_id: str, result: Mapping[str, Any] | None = None, error: bool = False
    ) -> None:
        """End a trial: complete, pruned or failed."""
        self._paused.discard(trial_id)
        record = self._opened()
        if trial_id not in record.open:
            return
        value = (result or {}).get(str(self._metric))
        if result:
            self.on_trial_result(trial_id, result)
        if error or (value is not None and not math.isfinite(value)):
            record.finish(trial_id, "failed")
        elif value is None or self._stopped_early(result or {}):
            record.finish(trial_id, "pruned")
        else:
            record.finish(trial_id, "done", float(value))

    def on_pause(self, trial_id: str) -> None:
        """A trial waits: it leaves its place to another (``ParetoScheduler`` tells)."""
        self._paused.add(trial_id)

    def on_unpause(self, trial_id: str) -> None:
        """A trial that waited goes on."""
        self._paused.discard(trial_id)

    def save(self, checkpoint_path: str) -> None:
        """Write everything that ``restore`` needs; Tune calls this now and then."""
        state = {
            "metric": self._metric,
            "mode": self._mode,
            "questions": self._questions,
            "queue": self._queue,
            "rows": self._record.rows if self._record else {},
            "paused": self._paused,
        }
        with open(checkpoint_path, "wb") as file:  # noqa: PTH123 - Tune's paths are text
            cloudpickle.dump(state, file)

    def restore(self, checkpoint_path: str) -> None:
        """Go on from what ``save`` wrote; the cost is that of this object."""
        with open(checkpoint_path, "rb") as file:  # noqa: PTH123
            state = cloudpickle.load(file)
        self._metric, self._mode = state["metric"], state["mode"]
        self._questions, self._queue = state["questions"], state["queue"]
        self._paused = state["paused"]
        self._record = None
        if self._questions is not None:
            record = self._opened()
            for trial_id, row in state["rows"].items():
                record.enter(trial_id, row)

    def __getstate__(self) -> dict[str, Any]:
        # The Tuner is pickled before it starts: there is no study yet.
        return {**self.__dict__, "_record": None}

    def _opened(self) -> Record:
        if self._record is None:
            self._record = self._new_record()
        return self._record

    def _new_record(self) -> Record:
        if self._questions is None:
            raise ValueError("KnownCostSearch has no space; pass Tuner(param_space=space_of(...))")
        agreed("KnownCostSearch", "metric", self._metric, None)
        mode = agreed("KnownCostSearch", "mode", self._mode, None)
        questions, features, allowed = self._questions, self._features, self._allowed
        sampler = KnownCostSampler(
            self._cost_of,
            self._cost_direction,
            self._seed,
            space=questions.parameters,
            features=None if features is None else lambda p: features(questions.config(p)),
            allowed=None if allowed is None else lambda p: allowed(questions.config(p)),
        )
        first: Direction = "maximize" if mode == "max" else "minimize"
        return Record(questions.parameters, (first, self._cost_direction), sampler)

    def _is_allowed(self, params: Config) -> bool:
        assert self._questions is not None
        return self._allowed is None or self._allowed(self._questions.config(params))

    def _cost_of(self, params: Mapping[str, Any]) -> float:
        assert self._questions is not None
        return exact(self._cost, self._questions.config(params))

    def _stopped_early(self, result: Mapping[str, Any]) -> bool:
        return self._epochs is not None and result.get(self._time_attr, 0) < self._epochs

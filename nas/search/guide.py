"""What the observed trials say about candidates: one score for each, higher is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.search.acquisition import (
    Scale,
    expected_hypervolume_improvement,
    height_at,
    on_axis,
    scale_of,
    staircase,
)
from nas.search.candidates import Candidates
from nas.search.earlier import Earlier, Lift
from nas.search.encoding import Codes, Encoding, Floats
from nas.search.features import FeatureMap
from nas.search.observations import Observation
from nas.search.rungs import at_last_rung
from nas.search.selection import Belief
from nas.search.surrogate import Design, GaussianProcess, Hyper

#: Observations that a surrogate takes in; of more, the best and an even choice of the rest.
MOST_ROWS = 400

#: Accuracies lower than the median by so many times the upper half's spread are cut.
_OUTLIER = 5.0


@dataclass
class Memory:
    """Hyperparameters carried from one ask to the next, and at how many trials to fit them anew."""

    accuracy: Hyper | None = None
    price: Hyper | None = None
    failure: Hyper | None = None
    due: int = 0


class Guide:
    """Surrogates of accuracy and of failure, and the front as they see it.

    Trials that run without a report yet count as if they had reached what is expected of them, so
    that parallel asks spread. The front is that of expected accuracies, not of observed ones: the
    best of many noisy numbers is too good to be true. Costs that nobody knows beforehand (nan) are
    predicted from those that were measured.

    Args:
        encoding: of the codes.
        trials: of the study, at least two of them with a report.
        memory: read and written.
        scale: of the cost axis on which area is measured; ``none`` with a single objective.
        earlier: what other studies expect; the surrogate models what they leave over.
    """

    def __init__(
        self,
        encoding: Encoding,
        trials: Sequence[Observation],
        memory: Memory,
        scale: Scale,
        earlier: Earlier | None = None,
    ) -> None:
        self._memory, self._scale = memory, scale
        self._tune = len(trials) >= memory.due
        told = [t for t in trials if t.state != "failed" and t.reports]
        y, extra = at_last_rung([t.reports for t in told], [t.cost for t in told])
        y = _without_outliers(y)
        rows = _most_telling(y, np.array([t.cost for t in told]))
        told, y, extra = [told[i] for i in rows], y[rows], extra[rows]
        self._map = FeatureMap(encoding, np.stack([t.numbers for t in told]))
        self._lift = None if earlier is None else Lift(earlier, *_rows(told), y)
        y = y - self._lifted(*_rows(told))
        self._accuracy, memory.accuracy = self._fitted(
            memory.accuracy, self._design(told), y, extra
        )
        pending = [t for t in trials if t.state == "open" and not t.reports][-MOST_ROWS:]
        if pending:
            expected, _ = self._accuracy.predict(self._design(pending))
            told, y = told + pending, np.concatenate([y, expected])
            extra = np.concatenate([extra, np.zeros(len(pending))])
            self._accuracy.condition(self._design(told), y, extra)
        self._price = self._price_model([t for t in told if not np.isnan(t.cost)])
        self._failure = self._failure_model(told, [t for t in trials if t.state == "failed"])
        self._told = told
        self._set_front(told)
        if self._tune:
            memory.due = len(trials) + max(1, len(trials) // 10)

    def score(self, pool: Candidates) -> Floats:
        """Expected hypervolume improvement times the square of the chance not to fail."""
        design = self._map.design(pool.codes, pool.numbers)
        mean, deviation = self._accuracy.predict(design)
        mean = mean + self._lifted(pool.codes, pool.numbers)
        cost = on_axis(self._costs(pool.cost, design), self._scale)
        value = expected_hypervolume_improvement(
            mean, deviation, cost, self._front, self._reference
        )
        if self._failure is not None:
            # Squared, or what surely fails is asked for once the rest promises little.
            value = value * np.clip(1 - self._failure.predict(design)[0], 0.01, 1) ** 2
        return value

    def gain(self, trials: Sequence[Observation]) -> Floats:
        """The area that each is expected to add, once trained to the end, to the finished ones'."""
        design = self._design(trials)
        mean, deviation = self._accuracy.predict(design)
        mean = mean + self._lifted(*_rows(trials))
        cost = self._costs(np.array([t.cost for t in trials]), design)
        cost = on_axis(cost, self._scale)
        # Beyond the dearest, or what it adds in accuracy would count for nothing.
        low, right = self._finished[0][0], self._reference[1]
        right += 0.1 * (right - low) or 1.0
        return expected_hypervolume_improvement(
            mean, deviation, cost, self._finished, (self._reference[0], right)
        )

    def belief(self, trials: Sequence[Observation]) -> Belief:
        """Of trials that were given to this guide (the same objects): each without its own."""
        design = self._design(trials)
        height, deviation = self._accuracy.predict(design)
        mean, lifted = height.copy(), self._lifted(*_rows(trials))
        rows = {id(t): row for row, t in enumerate(self._told)}
        own = np.array([rows.get(id(t), -1) for t in trials])
        told = own >= 0
        mean[told], deviation[told] = (found[own[told]] for found in self._accuracy.without_own())
        cost = self._costs(np.array([t.cost for t in trials]), design)
        cost = on_axis(cost, self._scale)
        noise = self._accuracy.noise
        return Belief(mean + lifted, deviation, height + lifted, cost, noise)

    @property
    def parents(self) -> Codes:
        """Codes of the trials on the front."""
        return self._parents

    def _design(self, trials: Sequence[Observation]) -> Design:
        return self._map.design(*_rows(trials))

    def _lifted(self, codes: Codes, numbers: Floats) -> Floats:
        return np.zeros(len(codes)) if self._lift is None else self._lift.of(codes, numbers)

    def _fitted(
        self, before: Hyper | None, design: Design, y: Floats, extra: Floats
    ) -> tuple[GaussianProcess, Hyper]:
        process = GaussianProcess(before)
        if self._tune or before is None:
            process.tune(design, y, extra)
        process.condition(design, y, extra)
        return process, process.hyper

    def _failure_model(
        self, told: list[Observation], failed: list[Observation]
    ) -> GaussianProcess | None:
        if not failed:
            return None
        failed = failed[-MOST_ROWS // 2 :]
        label = np.repeat([0.0, 1.0], [len(told), len(failed)])
        process, self._memory.failure = self._fitted(
            self._memory.failure, self._design(told + failed), label, np.zeros(len(label))
        )
        return process

    def _price_model(self, priced: list[Observation]) -> GaussianProcess | None:
        """Of the logs of measured costs; only asked where a cost is not known."""
        if self._scale == "none" or not priced or priced[0].exact:
            return None
        self._turn = float(np.sign(priced[0].cost)) or 1.0
        logs = np.log(np.maximum([self._turn * t.cost for t in priced], 1e-300))
        process, self._memory.price = self._fitted(
            self._memory.price, self._design(priced), logs, np.zeros(len(logs))
        )
        return process

    def _costs(self, cost: Floats, design: Design) -> Floats:
        if self._price is None:
            return cost
        predicted = self._turn * np.exp(self._price.predict(design)[0])
        known: Floats = np.where(np.isnan(cost), predicted, cost)
        return known

    def _set_front(self, known: list[Observation]) -> None:
        design = self._design(known)
        mean, _ = self._accuracy.predict(design)
        mean = mean + self._lifted(*_rows(known))
        cost = self._costs(np.array([t.cost for t in known]), design)
        if self._scale == "auto":
            self._scale = scale_of(cost)
        cost = on_axis(cost, self._scale)
        live = np.array([t.state in ("done", "open") for t in known])
        if not live.any():
            live[:] = True
        self._reference = float(mean.min()), float(cost.max()) if self._scale != "none" else 1.0
        self._front = staircase(mean[live], cost[live])
        done = np.array([t.state == "done" for t in known])
        self._finished = staircase(mean[done], cost[done]) if done.any() else self._front
        on_front = live & (mean >= height_at(self._front, cost, -np.inf) - 1e-12)
        self._parents = np.stack([t.codes for t in known])[on_front]


def _rows(trials: Sequence[Observation]) -> tuple[Codes, Floats]:
    return np.stack([t.codes for t in trials]), np.stack([t.numbers for t in trials])


def _without_outliers(y: Floats) -> Floats:
    middle, high = np.quantile(y, [0.5, 0.9])
    cut: Floats = np.maximum(y, middle - _OUTLIER * max(high - middle, 1e-9))
    return cut


def _most_telling(y: Floats, cost: Floats) -> NDArray[np.int64]:
    """Rows to keep of many: those nearest to the front, and an even choice of the others."""
    if len(y) <= MOST_ROWS:
        return np.arange(len(y))
    cost = np.nan_to_num(cost, nan=np.inf)
    below = height_at(staircase(y, cost), cost, float(y.min())) - y
    order = np.argsort(below, kind="stable")
    near, rest = order[: MOST_ROWS * 2 // 3], np.sort(order[MOST_ROWS * 2 // 3 :])
    even = rest[np.linspace(0, len(rest) - 1, MOST_ROWS - len(near)).astype(np.int64)]
    return np.sort(np.concatenate([near, even]))

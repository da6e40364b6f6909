"""What each attention type does at each placement: points of accuracy and shares of cost."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np

from nas.analysis.additive import Additive, fit
from nas.analysis.features import Described, Features
from nas.analysis.importance import Importance, importance_of
from nas.analysis.intervals import CONFIDENCE, holm, t_probability, t_quantile
from nas.store.records import COSTS, SEARCHED, Job, ReportRow, Shares, Trial
from nas.store.store import Store

#: By architecture: factors that make their variances alike.
Weights = dict[str, float]

#: Architectures below which no model is fitted.
FEWEST = 8


@dataclass(frozen=True)
class Range:
    """A number and its two ends: a 95 % interval, or the least and the greatest of exact costs."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Effect:
    """A type at a placement against nothing there, all else equal, over the job's architectures.

    Attributes:
        architectures: that have it.
        accuracy: in shares (0.01: a point), at the last rung.
        cost: by cost name, in shares of the same backbone's without attention; None if unknown.
            Counted costs are exact: mean, least and greatest over the space's backbones and the
            type's hyperparameters. A latency is estimated.
        adjusted: p-value of no effect on accuracy, after Holm's correction over all effects.
    """

    stage: str
    position: str
    type: str
    architectures: int
    accuracy: Range
    cost: dict[str, Range | None]
    adjusted: float

    @property
    def separable(self) -> bool:
        """Whether the effect on accuracy is more than noise, all effects considered."""
        return self.adjusted < 1 - CONFIDENCE


@dataclass(frozen=True)
class Effects:
    """A job's main effects and the importance of its axes.

    Attributes:
        architectures: that the model saw; ``observations`` at ``rungs`` epochs.
        effects: by stage, position and type; none with fewer than ``FEWEST`` architectures.
        importance: of every axis for every objective, accuracy first.
    """

    job: str
    architectures: int
    observations: int
    rungs: tuple[int, ...]
    effects: tuple[Effect, ...]
    importance: tuple[Importance, ...]

    def to_dict(self) -> dict[str, Any]:
        """What ``nas effects -o json`` prints."""
        return {
            "job": self.job,
            "architectures": self.architectures,
            "observations": self.observations,
            "rungs": list(self.rungs),
            "effects": [{**asdict(e), "separable": e.separable} for e in self.effects],
            "importance": [asdict(one) for one in self.importance],
        }

    def strongest(self, count: int = 3) -> tuple[Effect, ...]:
        """Those that are best told from none, then by size."""
        order = sorted(self.effects, key=lambda e: (e.adjusted, -abs(e.accuracy.mean)))
        return tuple(order[:count])


def effects(store: Store, job: Job) -> Effects:
    """The effects over all of a job's trials at all rungs, repeats among them."""
    trials, reports = store.trials.list(job.id), store.trials.reports(job.id)
    return effects_of(job, trials, reports, store.jobs.cost_shares(job.id))


def effects_of(
    job: Job,
    trials: Sequence[Trial],
    reports: Mapping[int, Sequence[ReportRow]],
    counted: Shares | None = None,
) -> Effects:
    """The effects over these trials of a job.

    Args:
        job: what they belong to.
        trials: of the job.
        reports: of each trial, by its id in the store.
        counted: what types add to the costs; None: not known.
    """
    rungs = tuple(int(epoch) for epoch in job.details["rungs"])
    trials = [trial for trial in trials if trial.kind != "retrain"]  # another budget
    seen = [
        (trial.architecture, rungs.index(row.epoch), row.validation_accuracy)
        for trial in trials
        for row in reports.get(trial.id, ())
        if row.epoch in rungs
    ]
    described = {text: json.loads(text) for text, _, _ in seen}
    reached = {rung for _, rung, _ in seen}
    empty = Effects(job.name, len(described), len(seen), rungs, (), ())
    if len(described) < FEWEST or len(rungs) - 1 not in reached:
        return empty
    place = {rung: i for i, rung in enumerate(sorted(reached))}
    features = Features.of(list(described.values()), len(place))
    weights = relative_weights(described, seen)
    rows = features.observations([(described[text], text, place[r], y) for text, r, y in seen])
    model = fit(rows.weighted(np.array([weights[text] for text, _, _ in seen])))
    searched = {trial.architecture: trial for trial in trials if trial.kind in SEARCHED}
    found = _found(counted or {}, features, model, list(described.values()), searched)
    told = importance_of(job, features, model, searched, described)
    return replace(empty, effects=tuple(found), importance=tuple(told))


def _found(
    counted: Shares,
    features: Features,
    model: Additive,
    architectures: Sequence[Described],
    searched: Mapping[str, Trial],
) -> list[Effect]:
    counts = Counter(
        (place, choice["type"]) for a in architectures for place, choice in a["attention"].items()
    )
    keys = sorted(counts)
    if not keys:
        return []
    weights = np.array([features.place(*key) for key in keys])
    mean, error = model.contrast(weights)
    reach = t_quantile(model.freedom)
    chances = [
        t_probability(m / e, model.freedom) if e > 0 else 1.0
        for m, e in zip(mean.tolist(), error.tolist(), strict=True)
    ]
    adjusted = holm(chances)
    costs = _costs(counted, searched, keys)
    return [
        Effect(
            place.rpartition(".")[0],
            place.rpartition(".")[2],
            kind,
            counts[place, kind],
            Range(
                float(mean[i]), float(mean[i] - reach * error[i]), float(mean[i] + reach * error[i])
            ),
            costs[i],
            adjusted[i],
        )
        for i, (place, kind) in enumerate(keys)
    ]


def _costs(
    counted: Shares,
    searched: Mapping[str, Trial],
    keys: Sequence[tuple[str, str]],
) -> list[dict[str, Range | None]]:
    """What types add to the costs: counted at submission; latency by the same additive model."""
    timed = _latencies(searched, keys)
    found = []
    for i, (place, kind) in enumerate(keys):
        shares = counted.get(place, {}).get(kind, {})
        costs: dict[str, Range | None] = {
            name: Range(*shares[name]) if name in shares else None for name in COSTS
        }
        found.append({**costs, "latency_ms": timed[i]} if timed else costs)
    return found


def _latencies(searched: Mapping[str, Trial], keys: Sequence[tuple[str, str]]) -> list[Range]:
    """Shares of latency with 95 % intervals, from the logarithms of what was measured."""
    known = {text: t for text, t in searched.items() if t.latency_ms}
    if len(known) < FEWEST:
        return []
    single = Features.of([json.loads(text) for text in known], 1)
    model = fit(
        single.observations(
            (json.loads(text), text, 0, math.log(t.cost("latency_ms"))) for text, t in known.items()
        )
    )
    mean, error = model.contrast(np.array([single.place(*key) for key in keys]))
    half = t_quantile(model.freedom) * error
    ends = zip(mean.tolist(), (mean - half).tolist(), (mean + half).tolist(), strict=True)
    return [Range(*(math.expm1(value) for value in three)) for three in ends]


def relative_weights(
    architectures: Mapping[str, Described], seen: Sequence[tuple[str, int, float]]
) -> Weights:
    """How much less an architecture varies than others, by its backbone's level of accuracy.

    Less accurate nets are noisier, as counts are: a variance goes with ``accuracy × error``.
    """
    rungs = {rung for _, rung, _ in seen}
    usual = {r: fmean(y for _, rung, y in seen if rung == r) for r in rungs}
    keys = {text: _backbone(one) for text, one in architectures.items()}
    above: dict[str, list[float]] = {}
    for text, rung, value in seen:
        above.setdefault(keys[text], []).append(value - usual[rung])
    top = usual[max(rungs)]
    levels = {key: min(0.98, max(0.02, top + fmean(off))) for key, off in above.items()}
    spread = {key: math.sqrt(level * (1 - level)) for key, level in levels.items()}
    middle = math.exp(fmean(math.log(value) for value in spread.values()))
    return {text: middle / spread[key] for text, key in keys.items()}


def _backbone(described: Described) -> str:
    return json.dumps(described["backbone"], sort_keys=True)

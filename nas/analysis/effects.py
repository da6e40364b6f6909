"""What each attention type does at each placement: points of accuracy and shares of cost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from nas.analysis.additive import Additive, Floats, fit
from nas.analysis.features import Described, Features
from nas.analysis.importance import Importance, importance_of
from nas.analysis.intervals import CONFIDENCE, holm, t_probability, t_quantile
from nas.store.records import COSTS, SEARCHED, Job, ReportRow, Trial
from nas.store.store import Store

#: Architectures below which no model is fitted.
FEWEST = 8


@dataclass(frozen=True)
class Range:
    """A number with its 95 % interval; the interval is None where nothing varies."""

    mean: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Effect:
    """A type at a placement against nothing there, all else equal, over the job's architectures.

    Attributes:
        architectures: that have it.
        accuracy: in shares (0.01: a point), at the last rung.
        cost: by cost name, in shares of the same backbone's without attention; None if unknown.
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
    return effects_of(job, store.trials.list(job.id), store.trials.reports(job.id))


def effects_of(
    job: Job, trials: Sequence[Trial], reports: Mapping[int, Sequence[ReportRow]]
) -> Effects:
    """The effects over these trials of a job.

    Args:
        job: what they belong to.
        trials: of the job.
        reports: of each trial, by its id in the store.
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
    model = fit(
        features.observations([(described[text], text, place[r], y) for text, r, y in seen])
    )
    searched = {trial.architecture: trial for trial in trials if trial.kind in SEARCHED}
    costs = {name: _shares(searched, name) for name in COSTS}
    found = _found(features, model, list(described.values()), costs)
    told = importance_of(job, features, model, searched)
    return replace(empty, effects=tuple(found), importance=tuple(told))


def _found(
    features: Features,
    model: Additive,
    architectures: Sequence[Described],
    costs: Mapping[str, Mapping[tuple[str, str], Range]],
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
    return [
        Effect(
            place.rpartition(".")[0],
            place.rpartition(".")[2],
            kind,
            counts[place, kind],
            Range(
                float(mean[i]), float(mean[i] - reach * error[i]), float(mean[i] + reach * error[i])
            ),
            {name: shares.get((place, kind)) for name, shares in costs.items()},
            adjusted[i],
        )
        for i, (place, kind) in enumerate(keys)
    ]


def _shares(searched: Mapping[str, Trial], cost: str) -> dict[tuple[str, str], Range]:
    """What a type at a placement adds to the cost of the same backbone without attention.

    Costs add up over placements, so a trial's share is the sum of its placements': least squares
    part it. The interval says how the share varies over backbones and hyperparameters.
    """
    plain: dict[str, float] = {}
    parts: list[tuple[Described, float]] = []
    for text, trial in searched.items():
        if getattr(trial, cost) is None:
            continue
        described = json.loads(text)
        if not described["attention"]:
            plain[_backbone(described)] = trial.cost(cost)
        parts.append((described, trial.cost(cost)))
    known = [(d, value / plain[k] - 1) for d, value in parts if (k := _backbone(d)) in plain]
    places = sorted({(p, c["type"]) for d, _ in known for p, c in d["attention"].items()})
    if not places:
        return {}
    column = {place: i for i, place in enumerate(places)}
    rows = np.zeros((len(known), len(places)))
    for row, (described, _) in enumerate(known):
        for place, choice in described["attention"].items():
            rows[row, column[place, choice["type"]]] = 1
    return dict(zip(places, _least_squares(rows, np.array([y for _, y in known])), strict=True))


def _backbone(described: Described) -> str:
    return json.dumps(described["backbone"], sort_keys=True)


def _least_squares(rows: Floats, values: Floats) -> list[Range]:
    """Coefficients through the origin; intervals where there are degrees of freedom."""
    inverse = np.linalg.pinv(rows.T @ rows, rcond=1e-9, hermitian=True)
    found = inverse @ rows.T @ values
    used = rows.any(axis=1)
    freedom = int(used.sum()) - int(np.linalg.matrix_rank(rows))
    left = float(((values - rows @ found)[used] ** 2).sum())
    if freedom < 1:
        return [Range(float(value)) for value in found]
    half = t_quantile(freedom) * np.sqrt(left / freedom * np.diag(inverse))
    return [
        Range(float(value), float(value - h), float(value + h))
        for value, h in zip(found, half, strict=True)
    ]

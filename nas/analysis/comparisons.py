"""Which architectures of a job are compared with which, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from nas.analysis.front import Point
from nas.analysis.intervals import CONFIDENCE, Interval, holm
from nas.analysis.noise import Difference, Noise, Runs, compare, interval, noise_of
from nas.store.records import COSTS, Trial

#: Which images accuracies were measured on.
Measure = Literal["test", "validation"]


@dataclass(frozen=True)
class Comparison:
    """A point of the front against a baseline, or against its neighbour on the front.

    Attributes:
        trial: the point.
        against: what it is compared with.
        accuracy: ``trial`` minus ``against``.
        cost: share by which the point costs more (0.03: 3 %) by cost name; None if unknown.
        same_backbone: whether they differ in attention alone.
        affordable: whether ``against`` costs no more by the job's objective.
        neighbours: whether they are next to each other on the front.
        adjusted: p-value after Holm's correction over all comparisons; None without repeats.
    """

    trial: Point
    against: Point
    accuracy: Difference
    cost: dict[str, float | None]
    same_backbone: bool
    affordable: bool
    neighbours: bool
    adjusted: float | None = None

    @property
    def separable(self) -> bool:
        """Whether the difference is more than noise, all comparisons considered."""
        return self.adjusted is not None and self.adjusted < 1 - CONFIDENCE

    @property
    def better(self) -> bool:
        """Whether the point is separably more accurate."""
        return self.separable and self.accuracy.mean > 0

    @property
    def worse(self) -> bool:
        """Whether the point is separably less accurate."""
        return self.separable and self.accuracy.mean < 0

    @property
    def why_not(self) -> str:
        """Why the two are not separable; empty if they are."""
        if self.separable:
            return ""
        if self.adjusted is None:
            return "one run each" if self.accuracy.seeds < 2 else "no spread between runs"
        alone = self.accuracy.probability
        if alone is not None and alone < 1 - CONFIDENCE:
            return "not after correction"
        return "within the noise"

    def turned(self, objective: str) -> Comparison:
        """The same comparison seen from the other point."""
        seen = self.accuracy
        low, high = (None if end is None else -end for end in (seen.high, seen.low))
        return replace(
            self,
            trial=self.against,
            against=self.trial,
            accuracy=replace(seen, mean=-seen.mean, low=low, high=high),
            cost=_costs(self.against, self.trial),
            affordable=self.trial.cost(objective) <= self.against.cost(objective),
        )

    def to_dict(self) -> dict[str, Any]:
        """Accuracies and costs as shares."""
        return {
            "trial": self.trial.trial,
            "against": self.against.trial,
            "label": self.against.label,
            "difference": self.accuracy.mean,
            "low": self.accuracy.low,
            "high": self.accuracy.high,
            "p": self.accuracy.probability,
            "p_adjusted": self.adjusted,
            "separable": self.separable,
            "why_not": self.why_not,
            "seeds": self.accuracy.seeds,
            "cost": dict(self.cost),
            "same_backbone": self.same_backbone,
            "affordable": self.affordable,
            "neighbours": self.neighbours,
        }


@dataclass(frozen=True)
class Evidence:
    """All repeats of a job.

    Attributes:
        runs: accuracy by further seed, for each repeated trial.
        measure: on which images.
        noise: of one run; None where nothing was repeated.
    """

    runs: Mapping[int, Runs]
    measure: Measure
    noise: Noise | None

    @classmethod
    def of(cls, repeats: Mapping[int, Sequence[Trial]]) -> Evidence:
        """Test accuracies if every repeat has one, else validation accuracies."""
        every = [trial for again in repeats.values() for trial in again]
        tested = bool(every) and all(trial.test_accuracy is not None for trial in every)
        runs = {
            origin: {t.seed: float((t.test_accuracy if tested else t.accuracy) or 0) for t in again}
            for origin, again in repeats.items()
        }
        return cls(runs, "test" if tested else "validation", noise_of(runs))

    def difference(self, one: Point, other: Point) -> Difference:
        """With an interval where both were repeated, else of the searched runs alone."""
        a, b = self.runs.get(one.trial, {}), self.runs.get(other.trial, {})
        if self.noise and (found := compare(self.runs, one.trial, other.trial, self.noise)):
            return found
        common = len(a.keys() & b.keys())
        if common:
            mean = sum(a[seed] - b[seed] for seed in a.keys() & b.keys()) / common
            return Difference(mean, seeds=common)
        return Difference(one.accuracy - other.accuracy)

    def standing(self, point: Point) -> Interval | None:
        """A point's mean over its repeats, with an interval; None without either."""
        return interval(self.runs, point.trial, self.noise) if self.noise else None


def comparisons(
    front: Sequence[Point], baselines: Sequence[Point], evidence: Evidence, objective: str
) -> list[Comparison]:
    """Every member of the front that is no plain baseline against every baseline, and neighbours.

    Args:
        front: by rising cost.
        baselines: that finished, on the front or not.
        evidence: the repeats.
        objective: the cost that decides what is affordable.

    Returns:
        each pair once (``seen_from`` turns it round), not yet ``corrected``.
    """
    neighbours = [(dear, cheap) for cheap, dear in pairwise(front)]
    pairs = [
        (member, baseline)
        for member in front
        if member.kind != "baseline" or member.has_attention
        for baseline in baselines
        if baseline.trial != member.trial
    ]
    adjacent = {frozenset((a.trial, b.trial)) for a, b in neighbours}
    found: dict[frozenset[int], Comparison] = {}
    for one, other in [*pairs, *neighbours]:
        key = frozenset((one.trial, other.trial))
        if key not in found:
            found[key] = _compare(one, other, evidence, objective, key in adjacent)
    return list(found.values())


def seen_from(point: Point, made: Sequence[Comparison], objective: str) -> list[Comparison]:
    """All comparisons with this point in them, each as this point minus the other."""
    return [
        c if c.trial.trial == point.trial else c.turned(objective)
        for c in made
        if point.trial in (c.trial.trial, c.against.trial)
    ]


def _compare(
    one: Point, other: Point, evidence: Evidence, objective: str, neighbours: bool
) -> Comparison:
    return Comparison(
        one,
        other,
        evidence.difference(one, other),
        _costs(one, other),
        one.architecture["backbone"] == other.architecture["backbone"],
        other.cost(objective) <= one.cost(objective),
        neighbours,
    )


def _costs(one: Point, other: Point) -> dict[str, float | None]:
    return {name: _more(getattr(one, name), getattr(other, name)) for name in COSTS}


def _more(value: float | None, base: float | None) -> float | None:
    return None if value is None or not base else value / base - 1


def corrected(
    made: Sequence[Comparison], beside: Sequence[float | None] = ()
) -> tuple[list[Comparison], list[float | None]]:
    """Holm's correction over all p-values of a report, as one family.

    Args:
        made: the comparisons.
        beside: p-values of other questions.

    Returns:
        The comparisons with their adjusted p-values, and those of the others.
    """
    every = [*(c.accuracy.probability for c in made), *beside]
    known = [i for i, p in enumerate(every) if p is not None]
    adjusted = holm([p for p in every if p is not None])
    found = dict(zip(known, adjusted, strict=True))
    done = [replace(c, adjusted=found.get(i)) for i, c in enumerate(made)]
    return done, [found.get(i) for i in range(len(made), len(every))]

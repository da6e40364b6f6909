"""Jobs side by side at equal budget: fronts, hypervolumes, and what the best of each are worth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nas.analysis.alike import Unlike, forbidden, unlike
from nas.analysis.course import Course, Measure
from nas.analysis.front import Front, Point, front_of, repeats_of
from nas.analysis.intervals import t_quantile
from nas.analysis.noise import Difference, Runs, compare, noise_of
from nas.analysis.people import difference_range
from nas.pareto import hypervolume
from nas.store.records import Trial

#: Digits of a hypervolume that are shown; those that look the same are called the same.
_DIGITS = 3


@dataclass(frozen=True)
class Side:
    """One job of a comparison.

    Attributes:
        front: of what was finished within the budget that all have; its repeats count however
            late they came, as they only say how sure a point is.
        hypervolume: of that front against the comparison's reference; None where costs or
            accuracies are not the same thing.
        best: the most accurate point of that front.
        runs: accuracy by seed of the best point's repeats; ``measure`` says on which images.
    """

    course: Course
    front: Front
    hypervolume: float | None
    best: Point | None
    runs: Runs
    measure: str

    @property
    def name(self) -> str:
        """Of the job."""
        return self.course.job.name


@dataclass(frozen=True)
class SideBySide:
    """Two jobs or more.

    Attributes:
        sides: in the order asked for.
        measure: what the budget is counted in.
        budget: that all of them spent: the least of their totals.
        reference: of the hypervolumes: the highest of the jobs' costs; None without any.
        unlike: in what the jobs differ.
        differences: of the best points of each further job from those of the first; None where
            accuracies are not the same thing, or a job has no front.
    """

    sides: tuple[Side, ...]
    measure: Measure
    budget: float
    reference: tuple[float, float] | None
    unlike: tuple[Unlike, ...]
    differences: tuple[Difference | None, ...]

    @property
    def overlaid(self) -> bool:
        """Whether the fronts have the same axes."""
        return not forbidden(self.unlike, "accuracy", "cost")

    @property
    def comparable(self) -> bool:
        """Whether it may be said which is better."""
        return not forbidden(self.unlike, "accuracy", "cost", "cause")

    @property
    def sentences(self) -> tuple[str, ...]:
        """What it comes to, the answer first."""
        if not self.comparable:
            return (_not_comparable(self),)
        return tuple(filter(None, (_answer(self), _best(self), *_reservations(self))))


def side_by_side(
    courses: Sequence[Course],
    trials: Sequence[Sequence[Trial]],
    measure: Measure = "epochs",
) -> SideBySide:
    """Compare jobs at the budget that the smallest of them spent.

    Args:
        courses: of the jobs, at least one.
        trials: all of each job.
        measure: what the budget is counted in.
    """
    found = unlike([course.job for course in courses])
    budget = min(course.spent(measure) for course in courses)
    reference = None if forbidden(found, "accuracy", "cost") else _reference(courses)
    sides = tuple(
        _side(course, every, budget, measure, reference)
        for course, every in zip(courses, trials, strict=True)
    )
    apart = bool(forbidden(found, "accuracy"))
    differences = tuple(None if apart else _difference(sides[0], side) for side in sides[1:])
    return SideBySide(sides, measure, budget, reference, tuple(found), differences)


def difference(one: Runs, other: Runs) -> Difference | None:
    """The mean of one set of repeats minus another's, with its interval where seeds allow.

    Over common seeds it is paired as within a job; else it is Welch's (Biometrika 34, 1947), which
    takes the variances of the two apart.

    Returns:
        None where either has no repeats.
    """
    if not one or not other:
        return None
    runs: Mapping[int, Runs] = {0: one, 1: other}
    common = len(one.keys() & other.keys())
    if common > 1 and (noise := noise_of(runs)) and (found := compare(runs, 0, 1, noise)):
        return found
    means = [math.fsum(each.values()) / len(each) for each in (one, other)]
    apart = means[0] - means[1]
    if min(len(one), len(other)) < 2:
        return Difference(apart, seeds=min(len(one), len(other)))
    parts = [_variance(list(each.values())) / len(each) for each in (one, other)]
    whole = sum(parts)
    if whole < 1e-18:
        return Difference(apart, seeds=min(len(one), len(other)))
    below = sum(p * p / (len(e) - 1) for p, e in zip(parts, (one, other), strict=True))
    half = t_quantile(whole * whole / below) * math.sqrt(whole)
    return Difference(apart, apart - half, apart + half, seeds=min(len(one), len(other)))


def repeats_runs(trials: Sequence[Trial], number: int) -> tuple[dict[int, float], str]:
    """Accuracy by seed of a trial's repeats, and on which images: ``test`` if all have one."""
    again = repeats_of(trials).get(number, ())
    tested = bool(again) and all(trial.test_accuracy is not None for trial in again)
    values = {t.seed: (t.test_accuracy if tested else t.accuracy) for t in again}
    return {s: v for s, v in values.items() if v is not None}, "test" if tested else "validation"


def _side(
    course: Course,
    trials: Sequence[Trial],
    budget: float,
    measure: Measure,
    reference: tuple[float, float] | None,
) -> Side:
    within = course.within(budget, measure)
    repeats = [trial for trial in trials if trial.kind == "finalist"]
    front = front_of(course.job, [*within, *repeats])
    volume = None
    if reference is not None:
        accuracy = [float(trial.accuracy or 0) for trial in within]
        cost = [trial.cost(front.objective) for trial in within]
        volume = hypervolume(accuracy, cost, *reference)
    best = max(front.points, key=lambda point: point.accuracy, default=None)
    runs, images = repeats_runs(trials, best.trial) if best else ({}, "validation")
    return Side(course, front, volume, best, runs, images)


def _reference(courses: Sequence[Course]) -> tuple[float, float] | None:
    """One box for all: it must hold every job's own."""
    known = [course.job.details["reference"] for course in courses]
    costs = [reference["cost"] for reference in known]
    if any(cost is None for cost in costs):
        return None
    return min(reference["accuracy"] for reference in known), max(costs)


def _difference(first: Side, other: Side) -> Difference | None:
    """Of the best points: over repeats where both have some on the same images."""
    if first.best is None or other.best is None:
        return None
    if first.measure == other.measure and (found := difference(other.runs, first.runs)):
        return found
    return Difference(other.best.accuracy - first.best.accuracy)


def _variance(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _not_comparable(found: SideBySide) -> str:
    told = [told_of(one) for one in forbidden(found.unlike, "accuracy", "cost", "cause")]
    shown = "; ".join(told[:3]) + (f"; and {len(told) - 3} more" if len(told) > 3 else "")
    return f"Not comparable, as these differ: {shown}. So this says nothing about which is better."


def told_of(one: Unlike) -> str:
    """``recipe's batch size (64 / 128)``."""
    return f"{one.what.replace('.', chr(39) + 's ').replace('_', ' ')} ({' / '.join(one.values)})"


def _answer(found: SideBySide) -> str:
    """Which front dominates more at equal budget."""
    known = [(side.hypervolume, side) for side in found.sides if side.hypervolume is not None]
    if len(known) < len(found.sides) or not known:
        return "There is no common reference yet, so hypervolumes can't be told."
    if any(not side.front.points for side in found.sides):
        names = ", ".join(side.name for side in found.sides if not side.front.points)
        return f"With {_budget(found)} each, {names} had finished no trial yet."
    known.sort(key=lambda pair: -pair[0])
    ranked = ", ".join(f"{side.name} {value:.{_DIGITS}f}" for value, side in known)
    if len({round(value, _DIGITS) for value, _ in known}) == 1:
        return f"With {_budget(found)} each, the fronts are worth the same: hypervolume {ranked}."
    return (
        f"With {_budget(found)} each, the front of {known[0][1].name} is worth the most: "
        f"hypervolume {ranked}."
    )


def _budget(found: SideBySide) -> str:
    if found.measure == "epochs":
        return f"{found.budget:,.0f} trained epochs"
    minutes = found.budget / 60
    return f"{minutes:,.1f} minutes of workers" if minutes < 120 else f"{minutes / 60:,.1f} hours"


def _best(found: SideBySide) -> str:
    """The most accurate points, with what repeats say of their difference."""
    first = found.sides[0]
    told = []
    for side, apart in zip(found.sides[1:], found.differences, strict=True):
        if apart is None:
            continue
        words = difference_range(apart.mean, apart.low, apart.high)
        if apart.low is None or apart.high is None:
            how = "one run each" if not apart.seeds else "too few repeats for an interval"
        else:
            how = "within the noise" if apart.low <= 0 <= apart.high else "more than noise"
        told.append(f"{side.name} {words} points ({how})")
    if not told:
        return ""
    return f"The most accurate point against that of {first.name}: {', '.join(told)}."


def _reservations(found: SideBySide) -> list[str]:
    """What must be known before it is believed."""
    told = [
        "Each job is one run of its search: this says which front is ahead, not which way of "
        "searching is better."
    ]
    cached = [side for side in found.sides if side.course.cached_epochs]
    for side in cached:
        told.append(
            f"{side.name} took {side.course.cached_epochs:,} epochs from the cache, which counted "
            "for nothing here."
        )
    other = [one.what for one in found.unlike if one.what in ("device", "versions.torch")]
    if found.measure == "seconds" and other:
        told.append(f"A second of a worker is not the same everywhere: {', '.join(other)} differs.")
    running = [s.name for s in found.sides if s.course.job.state in ("queued", "running", "paused")]
    if running:
        told.append(f"Not over yet: {', '.join(running)}.")
    return told

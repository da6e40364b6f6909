"""What is compared: jobs and trials by the names in a page's address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from dashboard.reader import Reader
from dashboard.snapshot import Snapshot
from dashboard.trial_view import reports_of, trial_of
from nas.analysis.alike import Unlike
from nas.analysis.course import Course, Measure, course_of
from nas.analysis.names import names_for
from nas.analysis.people import COST_WORDS, difference_range, signed_share
from nas.analysis.rivals import Rival, Rivalry, rival, rivalry
from nas.analysis.side_by_side import SideBySide, side_by_side
from nas.errors import UsageProblem
from nas.store.records import COSTS, Trial
from search_spaces.architecture import Architecture, Choice

#: Things side by side; more have neither room nor colours.
MOST = 8

#: What a difference forbids to say -> what that means.
FORBIDS = {
    "accuracy": "accuracies are not the same thing",
    "cost": "costs are not the same thing",
    "cause": "may be the cause of any difference",
    "": "",
}


@dataclass(frozen=True)
class Followed:
    """A job as a comparison needs it."""

    course: Course
    trials: Sequence[Trial]


def chosen(values: Sequence[str], what: str) -> list[str]:
    """Names from an address, each once, empty fields left out.

    Raises:
        UsageProblem: if there are too many to show.
    """
    found = list(dict.fromkeys(value.strip() for value in values if value.strip()))
    if len(found) > MOST:
        raise UsageProblem(f"{len(found)} {what} are too many to compare; allowed: up to {MOST}")
    return found


def jobs_compared(read: Reader, names: Sequence[str], measure: Measure) -> SideBySide | None:
    """Jobs at equal budget; None where fewer than two are named."""
    followed = [read.of(name, "course", _follow) for name in names]
    once = list({each.course.job.id: each for each in followed}.values())
    if len(once) < 2:
        return None
    courses, trials = [each.course for each in once], [each.trials for each in once]
    return side_by_side(courses, trials, measure)


def trials_compared(read: Reader, names: Sequence[str]) -> Rivalry | None:
    """Architectures named ``JOB:NUMBER``; None where fewer than two are named.

    Raises:
        UsageProblem: if a name is not of that form.
    """
    rivals: list[Rival] = []
    for name in names:
        job, _, number = name.rpartition(":")
        if not job or not number.isdecimal():
            raise UsageProblem(f"{name!r} names no trial; write JOB:NUMBER, such as digits:4")
        rivals.append(read.of(job, f"rival {number}", partial(_rival, int(number))))
    return rivalry(rivals) if len(rivals) > 1 else None


def jobs_table(found: SideBySide) -> list[dict[str, Any]]:
    """A row for each job: what it had at equal budget, and against the first."""
    rows = []
    for place, side in enumerate(found.sides):
        best = side.best
        names = names_for(
            side.front.points, (step.trial.architecture for step in side.course.steps)
        )
        apart = found.differences[place - 1] if place else None
        rows.append(
            {
                "job": side.course.job,
                "epochs": side.course.epochs,
                "seconds": side.course.seconds,
                "finished": len(side.course.within(found.budget, found.measure)),
                "front": len(side.front.points),
                "hypervolume": side.hypervolume,
                "best": best,
                "built": names.full(best) if best else "",
                "cost": best.cost(side.front.objective) if best else None,
                "objective": side.front.objective,
                "measure": side.measure,
                "repeats": len(side.runs),
                "mean": sum(side.runs.values()) / len(side.runs) if side.runs else None,
                "apart": difference_range(apart.mean, apart.low, apart.high) if apart else "",
                "sure": _sure(apart.low, apart.high) if apart else "",
            }
        )
    return rows


def trials_table(found: Rivalry) -> list[dict[str, Any]]:
    """A row for each architecture, with its costs against the first's."""
    first = found.rivals[0].point
    rows = []
    for place, one in enumerate(found.rivals):
        apart = found.differences[place - 1] if place else None
        repeated = bool(place) and found.repeated[place - 1]
        rows.append(
            {
                "rival": one,
                "at": None if found.epoch is None else one.rungs[found.epoch],
                "costs": {
                    name: (getattr(one.point, name), _more(one.point, first, name) if place else "")
                    for name in COSTS
                },
                "apart": difference_range(apart.mean, apart.low, apart.high) if apart else "",
                "sure": _sure(apart.low, apart.high) if apart and repeated else "",
                "repeated": repeated,
            }
        )
    return rows


def places_table(found: Rivalry) -> list[tuple[str, list[str], bool]]:
    """What stands where in each architecture, and whether that differs; the backbone first."""
    built = [Architecture.from_json(one.trial.architecture) for one in found.rivals]
    attention = [
        {str(place): _in_words(choice) for place, choice in one.attention} for one in built
    ]
    rows = [("backbone", [_in_words(one.backbone) for one in built])]
    for place in sorted({place for each in attention for place in each}):
        rows.append((place, [each.get(place, "–") for each in attention]))
    return [(what, values, len(set(values)) > 1) for what, values in rows]


def _in_words(choice: Choice) -> str:
    """``cifar_resnet, depth 8, width 16``: breaks between words where there is little room."""
    return ", ".join(
        [choice.name, *(f"{axis} {value}" for axis, value in choice.as_dict().items())]
    )


def unlike_table(found: Sequence[Unlike]) -> list[dict[str, Any]]:
    """In what jobs differ, and what that means for comparing them."""
    return [one.to_dict() | {"means": FORBIDS[one.forbids]} for one in found]


def cost_words(objective: str) -> str:
    """``FLOPs``, ``parameters`` or ``latency``."""
    return COST_WORDS[objective]


def _follow(seen: Snapshot) -> Followed:
    charges = seen.store.charges.list(seen.job.id)
    return Followed(course_of(seen.job, seen.trials, seen.reports, charges), seen.trials)


def _rival(number: int, seen: Snapshot) -> Rival:
    trial = trial_of(seen, number)
    return rival(seen.job, trial, seen.trials, reports_of(seen, [trial])[trial.id])


def _sure(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "no interval: too few repeats"
    return "within the noise" if low <= 0 <= high else "more than noise"


def _more(one: Any, first: Any, name: str) -> str:
    """``+3.0 %`` against the first, ``×15`` from the double on; empty where either is unknown."""
    value, base = getattr(one, name), getattr(first, name)
    if value is None or not base:
        return ""
    return f"×{value / base:.3g}" if value >= 2 * base else signed_share(value / base - 1)

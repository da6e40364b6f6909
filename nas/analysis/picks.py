"""Picking one point of a front by a rule that can be said in one line."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nas.analysis.front import Front, Point
from nas.analysis.people import COST_WORDS, accuracy, points
from nas.errors import NothingToExport, UsageProblem, did_you_mean
from nas.store.records import COSTS


@dataclass(frozen=True)
class Picked:
    """A point of the front and why this one, in a line."""

    point: Point
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"reason": self.reason, "point": asdict(self.point)}


def pick(front: Front, rule: str) -> Picked:
    """One point of the front.

    Args:
        front: of a job, or of what a limit leaves of it (``front_of``'s ``under``).
        rule: ``accurate``: the highest accuracy over further seeds where they are known for every
            point, else on the searched seed · ``cheap``: the lowest cost · ``knee``: see ``knee`` ·
            ``one-standard-error``: see ``within_one_standard_error``.

    Raises:
        NothingToExport: if the front is empty.
        UsageProblem: for an unknown rule.
    """
    if rule not in PICKS:
        raise UsageProblem(
            f"no pick {rule!r}{did_you_mean(rule, PICKS)}; allowed: {', '.join(PICKS)}"
        )
    if not front.points:
        limited = f" under {limit_words(front.under)}" if front.under else ""
        raise NothingToExport(
            f"no trial of {front.job}{limited} has finished, so there is nothing to pick"
        )
    return PICKS[rule](front)


def limits_of(texts: Iterable[str]) -> dict[str, float]:
    """Upper limits by cost name, from ``forward_flops=2e6`` each.

    Raises:
        UsageProblem: for an unknown cost or a value that is no positive number.
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in COSTS:
            hint = did_you_mean(name, COSTS)
            raise UsageProblem(
                f"--under {text!r} is not COST=NUMBER{hint}; costs: {', '.join(COSTS)}"
            )
        try:
            found[name] = float(value.replace("_", ""))
        except ValueError:
            found[name] = math.nan
        if not 0 < found[name] < math.inf:
            raise UsageProblem(f"--under {name}: {value!r} is not a positive number")
    return found


def limit_words(under: Iterable[tuple[str, float]]) -> str:
    """``2,000,000 FLOPs and 40,000 parameters``."""
    return " and ".join(
        f"{value:,.6f}".rstrip("0").rstrip(".") + f" {COST_WORDS[name]}" for name, value in under
    )


def accurate(front: Front) -> Picked:
    """The highest accuracy; the cheaper of two equal ones."""
    values = estimates(front.points)
    best = max(range(len(values)), key=lambda i: (values[i], -i))
    limited = f" under {limit_words(front.under)}" if front.under else ""
    return Picked(
        front.points[best], f"the most accurate{limited}: {accuracy(values[best])} % {_on(front)}"
    )


def cheap(front: Front) -> Picked:
    """The lowest cost; of several at that cost, the most accurate."""
    found = min(front.points, key=lambda p: (p.cost(front.objective), -p.best_estimate))
    return Picked(found, f"the front's lowest cost in {COST_WORDS[front.objective]}")


def knee(front: Front) -> Picked:
    """The point farthest above the chord from the front's cheapest to its most accurate point.

    Cost and accuracy are first scaled to 0…1 over the front, as in Kneedle (Satopää et al., 2011,
    section III, with a concave rising curve); the distance is then ``accuracy − cost``. With fewer
    than three points, or none above the chord, it is the most accurate point.
    """
    values = estimates(front.points)
    costs = [point.cost(front.objective) for point in front.points]
    width, height = max(costs) - min(costs), max(values) - min(values)
    above = [0.0] * len(values)
    if len(values) >= 3 and width and height:
        above = [
            (value - min(values)) / height - (cost - min(costs)) / width
            for value, cost in zip(values, costs, strict=True)
        ]
    best = max(range(len(values)), key=lambda i: (above[i], -i))
    if above[best] <= 1e-12:
        found = accurate(front)
        return Picked(found.point, f"the front has no bend, so {found.reason}")
    gained = (values[best] - min(values)) / height
    spent = (costs[best] - min(costs)) / width
    return Picked(
        front.points[best],
        f"the best bargain: {100 * gained:.0f} % of the front's gain in accuracy for "
        f"{100 * spent:.0f} % of its span of {COST_WORDS[front.objective]}",
    )


def within_one_standard_error(front: Front) -> Picked:
    """The cheapest point whose accuracy is within a standard error of the most accurate one's.

    Breiman et al., Classification and Regression Trees (1984), section 3.4.3. Without further seeds
    there is no standard error and it is the most accurate point.
    """
    found = accurate(front)
    best = found.point
    if best.accuracy_sd is None or best.accuracy_mean is None:
        return Picked(best, f"without two further seeds, {found.reason}")
    error = best.accuracy_sd / math.sqrt(best.seeds)
    enough = best.accuracy_mean - error
    good = [p for p in front.points if p.accuracy_mean is not None and p.accuracy_mean >= enough]
    return Picked(
        min(good, key=lambda point: point.cost(front.objective)),
        f"the cheapest within a standard error ({points(error)}) of the most accurate, "
        f"trial {best.trial}",
    )


def estimates(points: Sequence[Point]) -> list[float]:
    """Accuracies that may be compared: means over further seeds for all, or none of them."""
    means = [point.accuracy_mean for point in points]
    known = [mean for mean in means if mean is not None]
    return known if len(known) == len(means) else [point.accuracy for point in points]


def _on(front: Front) -> str:
    repeated = all(point.accuracy_mean is not None for point in front.points)
    return "over further seeds" if repeated else "on the searched seed"


#: Name -> rule, as ``--pick`` takes them.
PICKS: dict[str, Callable[[Front], Picked]] = {
    "knee": knee,
    "accurate": accurate,
    "cheap": cheap,
    "one-standard-error": within_one_standard_error,
}

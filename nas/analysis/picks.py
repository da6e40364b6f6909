"""Picking one point of a front by a rule that can be said in one line."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from nas.analysis.front import Front, Point
from nas.errors import NothingToExport, UsageProblem, did_you_mean


def pick(front: Front, rule: str) -> Point:
    """One point of the front.

    Args:
        front: of a job.
        rule: ``accurate``: the highest accuracy over further seeds where they are known for every
            point, else on the searched seed · ``cheap``: the lowest cost · ``knee``: see ``knee``.

    Raises:
        NothingToExport: if the front is empty.
        UsageProblem: for an unknown rule.
    """
    if rule not in PICKS:
        raise UsageProblem(
            f"no pick {rule!r}{did_you_mean(rule, PICKS)}; allowed: {', '.join(PICKS)}"
        )
    if not front.points:
        raise NothingToExport(f"no trial of {front.job} has finished, so there is nothing to pick")
    return PICKS[rule](front)


def accurate(front: Front) -> Point:
    """The highest accuracy; the cheaper of two equal ones."""
    values = estimates(front.points)
    return front.points[max(range(len(values)), key=lambda i: (values[i], -i))]


def cheap(front: Front) -> Point:
    """The lowest cost; of several at that cost, the most accurate."""
    return min(front.points, key=lambda p: (p.cost(front.objective), -p.best_estimate))


def knee(front: Front) -> Point:
    """The point farthest above the chord from the front's cheapest to its most accurate point.

    Cost and accuracy are first scaled to 0…1 over the front, as in Kneedle (Satopää et al., 2011,
    section III, with a concave rising curve); the distance is then ``accuracy − cost``. With fewer
    than three points, or none above the chord, it is the most accurate point.
    """
    points = front.points
    values = estimates(points)
    costs = [point.cost(front.objective) for point in points]
    width, height = max(costs) - min(costs), max(values) - min(values)
    if len(points) < 3 or not width or not height:
        return accurate(front)
    above = [
        (value - min(values)) / height - (cost - min(costs)) / width
        for value, cost in zip(values, costs, strict=True)
    ]
    best = max(range(len(points)), key=lambda i: (above[i], -i))
    return points[best] if above[best] > 1e-12 else accurate(front)


def within_one_standard_error(front: Front) -> Point:
    """The cheapest point whose accuracy is within a standard error of the most accurate one's.

    Breiman et al., Classification and Regression Trees (1984), section 3.4.3. Without further seeds
    there is no standard error and it is the most accurate point.
    """
    best = accurate(front)
    if best.accuracy_sd is None or best.accuracy_mean is None:
        return best
    enough = best.accuracy_mean - best.accuracy_sd / math.sqrt(best.seeds)
    good = [p for p in front.points if p.accuracy_mean is not None and p.accuracy_mean >= enough]
    return min(good, key=lambda point: point.cost(front.objective))


def estimates(points: Sequence[Point]) -> list[float]:
    """Accuracies that may be compared: means over further seeds for all, or none of them."""
    means = [point.accuracy_mean for point in points]
    known = [mean for mean in means if mean is not None]
    return known if len(known) == len(means) else [point.accuracy for point in points]


#: Name -> rule, as ``nas export --pick`` takes them.
PICKS: dict[str, Callable[[Front], Point]] = {"knee": knee, "accurate": accurate, "cheap": cheap}

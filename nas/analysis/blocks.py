"""The verdict's comparisons arranged for reading: point by point, what matters first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nas.analysis.comparisons import Comparison, seen_from
from nas.analysis.people import (
    COST_HEADINGS,
    accuracy,
    accuracy_range,
    cost,
    difference_range,
    signed_share,
)
from nas.analysis.verdict import Standing, Verdict

#: What the other is to the point.
TWIN, BEST = "same backbone without attention", "best for this cost or less"
RULE, CHEAPER = "rule", "next cheaper on the front"

#: How many rules a point is shown against: the most accurate of those on its backbone or no dearer.
MOST_RULES = 3


@dataclass(frozen=True)
class Block:
    """One point of the front.

    Attributes:
        heading: trial, name, accuracy with interval, cost.
        rows: against what, difference with interval, cost, separable or why not.
    """

    heading: str
    rows: tuple[tuple[str, str, str, str], ...]


def blocks(found: Verdict, *, every: bool = False) -> list[Block]:
    """One block for each point of the front, by rising cost.

    Args:
        found: the verdict.
        every: all comparisons of a point, not only those with the same backbone without attention,
            the best baseline of equal or lower cost, the best rules, and the front's next cheaper.
    """
    return [_block(found, standing, every) for standing in found.standings]


def hidden(found: Verdict) -> int:
    """How many comparisons ``blocks`` leaves out of all that were made."""
    shown = {
        frozenset((c.trial.trial, c.against.trial))
        for standing in found.standings
        for c, _ in _chosen(found, standing)
    }
    return len(found.comparisons) - len(shown)


def _block(found: Verdict, standing: Standing, every: bool) -> Block:
    chosen = _chosen(found, standing)
    if every:
        roles = {c.against.trial: role for c, role in chosen}
        seen = seen_from(standing.point, found.comparisons, found.objective)
        chosen = [(c, roles.get(c.against.trial, "")) for c in seen]
    return Block(_heading(found, standing), tuple(_row(found, c, role) for c, role in chosen))


def _heading(found: Verdict, standing: Standing) -> str:
    point, seen = standing.point, standing.seen
    level = f"{accuracy(point.accuracy)} % (one run)"
    if seen:
        level = f"{accuracy_range(seen.mean, seen.low, seen.high)} %"
    unit = COST_HEADINGS[found.objective].removeprefix("params ")
    unit = "k parameters" if unit == "k" else unit
    spent = f"{cost(found.objective, point.cost(found.objective))} {unit}"
    return f"trial {point.trial}: {found.names.full(point)} · {level} · {spent}"


def _chosen(found: Verdict, standing: Standing) -> list[tuple[Comparison, str]]:
    """The comparisons that matter with what the other is, each once."""
    point = standing.point
    seen = seen_from(point, found.comparisons, found.objective)
    cheaper = [c for c in seen if c.neighbours and c.affordable]
    if not point.has_attention:
        return [(c, CHEAPER) for c in cheaper]
    rules = {baseline.trial for baseline in found.baselines}
    twins = [c for c in seen if c.same_backbone and not c.against.has_attention]
    duels = [c for c in seen if c.affordable and c.against.trial in rules]
    picked = [(c, TWIN) for c in twins]
    picked += [(c, BEST) for c in _closest(duels)]
    known = [c for c in seen if c.adjusted is not None or found.noise is None]
    ruled = [c for c in known if c.against.label and c.against.has_attention]
    ruled = [c for c in ruled if c.same_backbone or c.affordable]
    ruled.sort(key=lambda c: -c.against.best_estimate)
    picked += [(c, RULE) for c in ruled[:MOST_RULES]]
    picked += [(c, CHEAPER) for c in cheaper]
    once: dict[int, tuple[Comparison, str]] = {}
    for comparison, role in picked:
        once.setdefault(comparison.against.trial, (comparison, role))
    return list(once.values())


def _closest(duels: Sequence[Comparison]) -> list[Comparison]:
    return [min(duels, key=lambda c: c.accuracy.mean)] if duels else []


def _row(found: Verdict, seen: Comparison, role: str) -> tuple[str, str, str, str]:
    other = seen.against
    told = "" if role in (TWIN, CHEAPER) else found.names.full(other)
    whom = f"{other.trial}: {told} ({role})" if told and role else f"{other.trial}: {told or role}"
    difference = difference_range(seen.accuracy.mean, seen.accuracy.low, seen.accuracy.high)
    verdict = "separable" if seen.separable else seen.why_not
    return whom, difference, signed_share(seen.cost[found.objective]), verdict

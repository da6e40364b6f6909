"""The verdict in words: is attention worth its cost here, and how sure is that?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nas.analysis.comparisons import Comparison, seen_from
from nas.analysis.even_cost import EvenCost
from nas.analysis.front import Point
from nas.analysis.names import Names
from nas.analysis.noise import Difference
from nas.analysis.people import COST_WORDS, bare, change, points, signed


def sentences(
    front: Sequence[Point],
    baselines: Sequence[Point],
    made: Sequence[Comparison],
    objective: str,
    names: Names,
    even: Sequence[EvenCost] = (),
) -> list[str]:
    """One sentence that answers the question, then what stands behind it.

    The question is whether attention beats what else the cost could buy: an attention member of
    the front *pays* if it is separably more accurate than every plain backbone of equal or lower
    cost, narrower, shallower or the same. Where some do, but none beats the best hand rule with
    attention, that comes first.
    """
    plain = [baseline for baseline in baselines if not baseline.has_attention]
    if not front:
        return ["No trial has finished yet."]
    if not plain:
        return [
            "No baseline without attention has finished (search.baselines asks for them), so "
            "whether attention pays can't be said."
        ]
    if not any(point.has_attention for point in front):
        return [
            "Attention doesn't pay on this budget: no placement is on the front; at every cost "
            "a backbone without attention is at least as accurate."
        ]
    trials = frozenset(p.trial for p in plain)
    return _Teller(tuple(made), tuple(even), trials, objective, names).told()


def neighbour_sentence(made: Sequence[Comparison]) -> str:
    """Which points of the front can be told from the next one."""
    pairs = [c for c in made if c.neighbours]
    if not pairs:
        return ""
    apart = sum(c.separable for c in pairs)
    if len(pairs) == 1:
        return f"The front's two points are {'' if apart else 'not '}separable in accuracy."
    if not apart:
        return f"None of the front's {len(pairs)} neighbouring pairs are separable in accuracy."
    if apart == len(pairs):
        return "All neighbouring points of the front are separable in accuracy."
    verb = "is" if apart == 1 else "are"
    return f"{apart} of {len(pairs)} neighbouring pairs on the front {verb} separable in accuracy."


def name(point: Point, names: Names) -> str:
    """``trial 31 (cbam in stage3)``; a plain backbone by its axes."""
    return f"trial {point.trial} ({names.short(point)})"


@dataclass(frozen=True)
class _Teller:
    """Tells what the comparisons of a front with attention on it amount to.

    Attributes:
        made: all comparisons.
        even: points against plain backbones of the very same cost.
        plain: trials without attention.
        objective: the cost that decides what is affordable.
        names: of the architectures.
    """

    made: tuple[Comparison, ...]
    even: tuple[EvenCost, ...]
    plain: frozenset[int]
    objective: str
    names: Names

    def told(self) -> list[str]:
        duels = self._duels()
        if not any(c.adjusted is not None for c in duels):
            return [_untold(duels)]
        fighters = {c.trial.trial: c.trial for c in duels}.values()
        hardest = [min(_of(p, duels), key=lambda c: c.accuracy.mean) for p in fighters]
        winners = [c for c in hardest if all(d.better for d in _of(c.trial, duels))]
        if not winners:
            return self._no_winner(hardest, duels)
        best = max(winners, key=lambda c: c.accuracy.low or 0.0)
        return self._unbeaten() + self._winner(best, duels) + _others(winners, best)

    def _duels(self) -> list[Comparison]:
        """Attention against plain backbones of equal or lower cost."""
        return [
            c
            for c in self.made
            if c.trial.has_attention and c.affordable and c.against.trial in self.plain
        ]

    def _no_winner(self, hardest: Sequence[Comparison], duels: Sequence[Comparison]) -> list[str]:
        first = "On this budget no placement beats no attention at equal or lower cost"
        closest = max(hardest, key=lambda c: c.accuracy.mean)
        if all(c.worse for c in hardest):
            first += "; plain backbones are more accurate"
        elif not any(c.separable for c in hardest):
            first += "; their differences are within the noise"
        told = [f"{first}.", f"The closest is {self._against(closest)}."]
        told += self._same_cost(duels) or self._larger(closest.trial)
        return told + self._even(closest.trial)

    def _winner(self, best: Comparison, duels: Sequence[Comparison]) -> list[str]:
        twin = next((c for c in _of(best.trial, duels) if c.same_backbone), None)
        told = [_capital(f"{self._beats(twin or best)}.")]
        if twin and twin is not best:
            told.append(
                f"At equal or lower cost, the best plain backbone is {self._name(best.against)}: "
                f"{points(best.accuracy.mean)} behind{_range(best)}."
            )
        told += self._larger(best.trial) + self._even(best.trial)
        return told + self._rules(best.trial)

    def _unbeaten(self) -> list[str]:
        """That no placement of the search beats the best hand rule with attention, if so.

        To beat it is to be separably more accurate on its backbone, or at no more than its cost.
        """
        pairs = [c for c in self.made if c.adjusted is not None and c.trial.has_attention]
        pairs += [c.turned(self.objective) for c in pairs if c.trial.label and not c.against.label]
        pairs = [c for c in pairs if not c.trial.label and c.against.label]
        pairs = [c for c in pairs if c.against.has_attention and c.trial.has_attention]
        if not pairs:
            return []
        rule = max((c.against for c in pairs), key=lambda p: p.best_estimate)
        seen = [c for c in pairs if c.against.trial == rule.trial]
        spent = rule.cost(self.objective)
        if any(
            c.better and (c.same_backbone or c.trial.cost(self.objective) <= spent) for c in seen
        ):
            return []
        first = f"On this budget no placement beats the rule {rule.label!r}"
        equal = [c for c in seen if not c.worse]
        if not equal:
            return [f"{first}; those of the search are less accurate."]
        cheapest = min(equal, key=lambda c: c.trial.cost(self.objective))
        return [
            f"{first}; the cheapest that equals it within the noise is "
            f"{self._name(cheapest.trial)}, at {self._cost(cheapest)}."
        ]

    def _even(self, point: Point) -> list[str]:
        """What the point's cost would buy in plain backbones."""
        for one in self.even:
            if one.trial.trial != point.trial:
                continue
            seen = one.difference
            between = f"between {self._name(one.below)} and {self._name(one.above)}"
            lead = f"For exactly its cost, a plain backbone {between} would be"
            if not one.separable:
                return [
                    f"{lead} as accurate within the noise: attention's gain over it is "
                    f"{signed(seen.mean)} points{_ends(seen)}."
                ]
            if seen.mean > 0:
                return [
                    f"{lead} {points(seen.mean)}{_ends(seen)} less accurate: attention buys more "
                    "for its cost."
                ]
            deed = _deed(one.below.architecture, one.above.architecture)
            return [
                f"{lead} {points(-seen.mean)} more accurate: {deed.lower()} the backbone buys more "
                "for the same cost."
            ]
        return []

    def _beats(self, duel: Comparison) -> str:
        whom = (
            "the same backbone without attention"
            if duel.same_backbone
            else "every plain backbone of equal or lower cost, "
            f"{self._name(duel.against)} the best of them,"
        )
        return (
            f"{self._name(duel.trial)} beats {whom} by {points(duel.accuracy.mean)}"
            f"{_range(duel)} at {self._cost(duel)}"
        )

    def _against(self, duel: Comparison) -> str:
        whom = "the same backbone without attention"
        if not duel.same_backbone:
            whom = self._name(duel.against)
        apart = "" if duel.separable else ", not separable"
        return (
            f"{self._name(duel.trial)}: {signed(duel.accuracy.mean)} points{_range(duel)} "
            f"against {whom} at {self._cost(duel)}{apart}"
        )

    def _same_cost(self, duels: Sequence[Comparison]) -> list[str]:
        """Whether a larger or differently shaped plain backbone does more for no more cost."""
        lost = [c for c in duels if c.worse and not c.same_backbone]
        if not lost:
            return []
        worst = min(lost, key=lambda c: c.accuracy.high or 0.0)
        saved = worst.turned(self.objective)
        deed = _deed(worst.trial.architecture, worst.against.architecture)
        return [
            f"{deed} the backbone buys more for the same cost: {self._name(worst.against)} is "
            f"{points(-worst.accuracy.mean)} more accurate than {self._name(worst.trial)} at "
            f"{self._cost(saved)}."
        ]

    def _larger(self, point: Point) -> list[str]:
        """What a larger plain backbone buys instead: the cheapest that is separably better."""
        larger = [
            c
            for c in seen_from(point, self.made, self.objective)
            if c.against.trial in self.plain and not c.affordable
        ]
        if not larger:
            return []
        larger.sort(key=lambda c: c.against.cost(self.objective))
        step = next((c for c in larger if c.worse), larger[0])
        more = f"costs {self._cost(step.turned(self.objective))}"
        deed = _deed(point.architecture, step.against.architecture)
        intro = f"{deed} the backbone instead, {self._name(step.against)}, {more}"
        if step.separable:
            verb = "more" if step.accuracy.mean < 0 else "less"
            told = f"{intro} and is {points(abs(step.accuracy.mean))} {verb} accurate."
        else:
            told = f"{intro} and is not separably better."
        if len(larger) > 1 and not step.separable:
            told = f"{told[:-1]}; nor is any dearer plain backbone."
        return [told]

    def _rules(self, point: Point) -> list[str]:
        seen = seen_from(point, self.made, self.objective)
        rules = [c for c in seen if c.against.label and c.against.has_attention]
        rules = [c for c in rules if c.adjusted is not None]
        told = []
        for words, chosen in (
            ("It beats {}", [c for c in rules if c.better]),
            ("It is less accurate than {}", [c for c in rules if c.worse]),
            ("It is not separable from {}", [c for c in rules if not c.separable]),
        ):
            if chosen:
                told.append(words.format(_listed([_rule(c) for c in chosen])) + ".")
        return told

    def _name(self, point: Point) -> str:
        return name(point, self.names)

    def _cost(self, duel: Comparison) -> str:
        share = duel.cost[self.objective]
        return f"{change(share or 0.0)} {COST_WORDS[self.objective]}"


def _of(point: Point, duels: Sequence[Comparison]) -> list[Comparison]:
    return [c for c in duels if c.trial.trial == point.trial]


def _deed(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """What was done to an architecture's backbone to get the other's: ``Widening``."""
    mine, theirs = one["backbone"], other["backbone"]
    grown = [
        deed
        for axis, deed in (("width", "widening"), ("depth", "deepening"))
        if axis in mine and axis in theirs and theirs[axis] > mine[axis]
    ]
    shrunk = any(axis in mine and theirs.get(axis) < mine[axis] for axis in ("width", "depth"))
    if shrunk or not grown:
        return "Reshaping" if shrunk and grown else "Changing"
    return _capital(_listed(grown))


def _untold(duels: Sequence[Comparison]) -> str:
    if not duels:
        return "Nothing plain of equal or lower cost has finished, so nothing can be compared."
    return (
        "Nothing can be told apart: with fewer than two further seeds a point there is no measure "
        "of noise; finalists.seeds sets how many are trained."
    )


def _rule(duel: Comparison) -> str:
    apart = f" by {points(abs(duel.accuracy.mean))}" if duel.separable else ""
    return f"the rule {duel.against.label!r}{apart}"


def _others(winners: Sequence[Comparison], best: Comparison) -> list[str]:
    others = [f"trial {c.trial.trial}" for c in winners if c is not best]
    if not others:
        return []
    return [f"So {'does' if len(others) == 1 else 'do'} {_listed(others)} at other costs."]


def _range(duel: Comparison) -> str:
    return _ends(duel.accuracy)


def _ends(seen: Difference) -> str:
    low, high = seen.low, seen.high
    return "" if low is None or high is None else f" ({bare(low)} to {bare(high)})"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

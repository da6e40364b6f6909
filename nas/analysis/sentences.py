"""The verdict in words: is attention worth its cost here, and how sure is that?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nas.analysis.comparisons import Comparison, seen_from
from nas.analysis.front import Point
from nas.analysis.names import Names
from nas.analysis.people import COST_WORDS, bare, change, points, signed


def sentences(
    front: Sequence[Point],
    baselines: Sequence[Point],
    made: Sequence[Comparison],
    objective: str,
    names: Names,
) -> list[str]:
    """One sentence that answers the question, then what stands behind it.

    The question is whether attention beats what else the cost could buy: an attention member of
    the front *pays* if it is separably more accurate than every plain backbone of equal or lower
    cost, narrower, shallower or the same.
    """
    plain = [baseline for baseline in baselines if not baseline.has_attention]
    if not front:
        return ["No trial has finished yet."]
    if not plain:
        return [
            "No baseline without attention has finished, so whether attention pays can't be said."
        ]
    if not any(point.has_attention for point in front):
        return [
            "Attention doesn't pay on this budget: no placement is on the front; at every cost "
            "a backbone without attention is at least as accurate."
        ]
    return _Teller(tuple(made), frozenset(p.trial for p in plain), objective, names).told()


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
        plain: trials without attention.
        objective: the cost that decides what is affordable.
        names: of the architectures.
    """

    made: tuple[Comparison, ...]
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
        return self._winner(best, duels) + _others(winners, best)

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
        return told + (self._same_cost(duels) or self._larger(closest.trial))

    def _winner(self, best: Comparison, duels: Sequence[Comparison]) -> list[str]:
        twin = next((c for c in _of(best.trial, duels) if c.same_backbone), None)
        told = [_capital(f"{self._beats(twin or best)}.")]
        if twin and twin is not best:
            told.append(
                f"At equal or lower cost, the best plain backbone is {self._name(best.against)}: "
                f"{points(best.accuracy.mean)} behind{_range(best)}."
            )
        return told + self._larger(best.trial) + self._rules(best.trial)

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
        return [
            f"{_deed(worst)} the backbone buys more for the same cost: {self._name(worst.against)} "
            f"is {points(-worst.accuracy.mean)} more accurate than {self._name(worst.trial)} at "
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
        intro = f"{_deed(step)} the backbone instead, {self._name(step.against)}, {more}"
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


def _deed(duel: Comparison) -> str:
    """What was done to the point's backbone to get the other's: ``Widening``."""
    mine, theirs = duel.trial.architecture["backbone"], duel.against.architecture["backbone"]
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
    low, high = duel.accuracy.low, duel.accuracy.high
    return "" if low is None or high is None else f" ({bare(low)} to {bare(high)})"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

"""The placement map: what each attention type does at each place, as cells of a table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.charts.payload import Column, Json, payload
from dashboard.snapshot import Snapshot
from nas.analysis.effects import Effect, Effects
from nas.analysis.front import Front
from nas.analysis.people import signed, signed_share
from nas.store.records import COSTS
from search_spaces.attention_type import POSITIONS

#: Steps of the colour scale to each side of zero.
STEPS = 3

#: The glyph of a cell reaches from -span to span, over so many units.
GLYPH = 100.0

_COST_TITLES = {"forward_flops": "FLOPs", "parameters": "Parameters", "latency_ms": "Latency"}


@dataclass(frozen=True)
class Cell:
    """One type at one place.

    Attributes:
        points: the effect on accuracy in points, signed.
        error: half of its 95 % interval.
        band: of the colour scale, ``plus-1`` to ``minus-3``; empty where it may be nothing.
        cost: what it adds to the job's cost, signed; empty if unknown.
        architectures: that have it; ``on_front``: how many of them are members of the front.
        ends: of the interval within the glyph, and the mean between them.
    """

    points: str
    error: str
    band: str
    cost: str
    architectures: int
    on_front: int
    ends: tuple[float, float, float]

    @property
    def separable(self) -> bool:
        """Whether the effect is more than noise."""
        return bool(self.band)


@dataclass(frozen=True)
class Row:
    """One place; ``span``: rows of its stage if it is the stage's first one, else 0."""

    stage: str
    position: str
    span: int
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class PlacementMap:
    """The map.

    Attributes:
        types: of the columns.
        rows: places from the stem to the head.
        breaks: least points of each step of the colour scale.
        span: points at the ends of a glyph.
        cost: what the cells' cost is a share of.
        front_size: members of the front.
    """

    types: tuple[str, ...]
    rows: tuple[Row, ...]
    breaks: tuple[float, ...]
    span: float
    cost: str
    front_size: int
    architectures: int
    observations: int
    effects: int
    separable: int

    @property
    def legend(self) -> list[tuple[str, str]]:
        """Bands of the colour scale from the lowest, with their points in words."""
        found = []
        for step in range(len(self.breaks), 0, -1):
            found.append((f"minus-{step}", _between("−", self.breaks, step)))
        for step in range(1, len(self.breaks) + 1):
            found.append((f"plus-{step}", _between("+", self.breaks, step)))
        return found


def placement_map(found: Effects, front: Front) -> PlacementMap:
    """Arrange a job's effects by place and type.

    Args:
        found: the effects.
        front: of the same job.
    """
    effects = {((e.stage, e.position), e.type): e for e in found.effects}
    places = sorted({place for place, _ in effects}, key=_place_order)
    types = sorted({kind for _, kind in effects})
    members = _on_front(front)
    span, breaks = _span(found.effects), _breaks(found.effects)
    stages = Counter(stage for stage, _ in places)
    rows, before = [], ""
    for stage, position in places:
        cells = tuple(
            _cell(e, members[f"{stage}.{position}", kind], front.objective, span, breaks)
            if (e := effects.get(((stage, position), kind)))
            else None
            for kind in types
        )
        rows.append(Row(stage, position, 0 if stage == before else stages[stage], cells))
        before = stage
    return PlacementMap(
        tuple(types),
        tuple(rows),
        breaks,
        span,
        _COST_TITLES[front.objective],
        len(front.points),
        found.architectures,
        found.observations,
        len(found.effects),
        sum(e.separable for e in found.effects),
    )


def placements_chart(seen: Snapshot) -> Json:
    """The map's numbers as a plain table; there is no figure, as the page's table is one."""
    return placement_numbers(seen.effects, seen.front)


def placement_numbers(found: Effects, front: Front) -> Json:
    """All that is known of every effect."""
    members = _on_front(front)
    columns = [
        Column("Stage", number=False),
        Column("Position", number=False),
        Column("Type", number=False),
        Column("Architectures"),
        Column("On the front"),
        *(Column(name, "points") for name in ("Effect on accuracy", "Low", "High")),
        Column("Adjusted p"),
        Column("Separable", number=False),
    ]
    for name in COSTS:
        columns += [Column(f"{_COST_TITLES[name]}{end}", "%") for end in ("", ", low", ", high")]
    rows = [
        [
            *(e.stage, e.position, e.type, e.architectures),
            members[f"{e.stage}.{e.position}", e.type],
            *(round(100 * v, 3) for v in (e.accuracy.mean, e.accuracy.low, e.accuracy.high)),
            round(e.adjusted, 4),
            "yes" if e.separable else "no",
            *(value for name in COSTS for value in _shares(e, name)),
        ]
        for e in found.effects
    ]
    return payload({"data": [], "layout": {}}, columns, rows)


def _shares(effect: Effect, cost: str) -> list[float | None]:
    found = effect.cost[cost]
    if found is None:
        return [None, None, None]
    return [round(100 * value, 3) for value in (found.mean, found.low, found.high)]


def _cell(
    effect: Effect, on_front: int, objective: str, span: float, breaks: Sequence[float]
) -> Cell:
    accuracy, cost = effect.accuracy, effect.cost[objective]
    step = sum(abs(100 * accuracy.mean) >= least for least in breaks)
    side = "plus" if accuracy.mean > 0 else "minus"
    low, mean, high = (
        GLYPH / 2 * (1 + max(-1.0, min(1.0, 100 * value / span)))
        for value in (accuracy.low, accuracy.mean, accuracy.high)
    )
    return Cell(
        points=signed(accuracy.mean),
        error=f"{50 * (accuracy.high - accuracy.low):.1f}",
        band=f"{side}-{max(step, 1)}" if effect.separable else "",
        cost=signed_share(cost.mean if cost else None),
        architectures=effect.architectures,
        on_front=on_front,
        ends=(round(low, 1), round(mean, 1), round(high, 1)),
    )


def _on_front(front: Front) -> Counter[tuple[str, str]]:
    return Counter(
        (place, choice["type"])
        for point in front.points
        for place, choice in point.architecture["attention"].items()
    )


def _place_order(place: tuple[str, str]) -> tuple[int, str, int]:
    stage, position = place
    ends = {"stem": 0, "backbone": 2}
    known = POSITIONS.index(position) if position in POSITIONS else len(POSITIONS)
    return ends.get(stage, 1), stage, known


def _span(effects: Sequence[Effect]) -> float:
    """Points that nine of ten intervals keep within: one wild one must not squeeze the others."""
    reach = sorted(100 * max(-e.accuracy.low, e.accuracy.high) for e in effects)
    return _nice(reach[int(0.9 * (len(reach) - 1))]) if reach else 1.0


def _breaks(effects: Sequence[Effect]) -> tuple[float, ...]:
    largest = max((abs(100 * e.accuracy.mean) for e in effects if e.separable), default=0.0)
    step = _nice(largest / STEPS) if largest else 0.0
    return tuple(round(step * i, 6) for i in range(STEPS)) if step else ()


def _between(sign: str, breaks: Sequence[float], step: int) -> str:
    low = f"{sign}{breaks[step - 1]:g}" if breaks[step - 1] else "0"
    if step == len(breaks):
        return f"{low} and {'more' if sign == '+' else 'less'}"
    return f"{low} to {sign}{breaks[step]:g}"


def _nice(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(max(value, 1e-6)))
    return float(next(d * power for d in (1, 2, 5, 10) if d * power >= value * 0.999))

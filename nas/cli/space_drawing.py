"""One search space drawn as text: where what may stand, what is asked, what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nas.cli.output import Part, Table
from search_spaces.architecture import TaskShape
from search_spaces.backbones.table import backbone_row
from search_spaces.catalogue import POSITIONS
from search_spaces.offers import NONE
from search_spaces.space import Parameter, SearchSpace


@dataclass(frozen=True)
class Drawing:
    """The same space for programs and for people."""

    data: dict[str, Any]
    parts: list[Part]


def draw(name: str, space: SearchSpace, shape: TaskShape | None) -> Drawing:
    """Draw a space; with an image's shape also its range of costs (loads torch)."""
    costs = None if shape is None else _costs(space, shape)
    parts: list[Part] = [
        f"{name}: {space.size():,} architectures, {len(space.backbones)} backbones",
        "",
        _grid(space),
        "",
        "What is chosen:",
        "\n".join(_tree(space.parameters())),
    ]
    if costs and shape:
        image = f"{shape.channels}x{shape.height}x{shape.width}, {shape.classes} classes"
        rows = [(cost, f"{low:,} to {high:,}") for cost, (low, high) in costs.items()]
        parts += ["", Table(("cost", "range"), rows, f"For {image}")]
    data = {
        "name": name,
        "size": space.size(),
        "space": space.to_dict(),
        "parameters": [
            {"name": p.name, "values": list(p.values), "when": [list(c) for c in p.conditions]}
            for p in space.parameters()
        ],
        "cost_range": costs,
    }
    return Drawing(data, parts)


def _costs(space: SearchSpace, shape: TaskShape) -> dict[str, tuple[int, int]]:
    from nas.errors import UsageProblem
    from search_spaces.cost import cost_range
    from search_spaces.errors import SpaceErrors

    try:
        space.check(shape)
    except SpaceErrors as error:
        raise UsageProblem(f"this space can't take such images:\n{error}") from None
    low, high = cost_range(space, shape)
    return {
        "parameters": (low.parameters, high.parameters),
        "forward_flops": (low.forward_flops, high.forward_flops),
    }


def _grid(space: SearchSpace) -> Table:
    """Stages down, positions across, in each cell the types that may stand there.

    Positions that nothing may take are left out, and so are stem and backbone.
    """
    row = backbone_row(space.backbone.name)
    offered = {position for entry in space.entries for position in entry.positions}
    positions = [position for position in POSITIONS if position in offered]
    used = {*row.stages, *(slot.stage for slot in space.slots)}
    rows = []
    for stage in (place for place in row.places if place in used):
        cells = [_cell(space, stage, position) for position in positions]
        rows.append((stage, *cells))
    return Table(("stage", *positions), rows)


def _cell(space: SearchSpace, stage: str, position: str) -> str:
    names = [
        offer.name
        for slot in space.slots
        if slot.stage == stage
        for offer in slot.offers
        if offer.name != NONE and position in offer.positions
    ]
    return " ".join(dict.fromkeys(names)) or "-"


def _tree(parameters: tuple[Parameter, ...]) -> Iterator[str]:
    """Every parameter below the one that brings it into being."""
    for parameter in parameters:
        indent = "  " * (len(parameter.conditions) + 1)
        values = " | ".join(str(value) for value in parameter.values)
        yield f"{indent}{parameter.name}: {values}"

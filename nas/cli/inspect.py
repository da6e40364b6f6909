"""``nas inspect``: stages, blocks and positions of one backbone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from nas.cli.image_size import parse_shape
from nas.cli.output import Output, Part, Table, output_option
from nas.errors import NotFound, UsageProblem
from search_spaces.architecture import TaskShape
from search_spaces.backbones.table import BACKBONES, complete_backbone
from search_spaces.errors import SpaceError


@click.command()
@click.argument("backbone")
@click.option(
    "--input",
    "size",
    metavar="CxHxW",
    default="3x224x224",
    show_default=True,
    help="Image size.",
)
@click.option("--classes", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--modules", is_flag=True, help="List the modules that a job file can name, too.")
@output_option
def inspect(backbone: str, size: str, classes: int, modules: bool, output: Output) -> None:
    """Print a backbone's stages, blocks and positions with shapes and costs.

    BACKBONE is a name ('nas spaces' lists them) or your own function, package.module:factory.
    """
    shape = parse_shape(size, classes)
    data = {"backbone": backbone, "input": size, "classes": classes, **_found(backbone, shape)}
    output.emit(data, lambda: _parts(data, modules))


def _found(name: str, shape: TaskShape) -> dict[str, Any]:
    if ":" not in name and name not in BACKBONES:
        own = "; a backbone of your own is package.module:factory" if "." in name else ""
        raise NotFound("backbone", name, () if own else BACKBONES, own)
    from search_spaces.backbones.inspection import inspect_backbone

    try:
        return inspect_backbone(complete_backbone(name, {}), shape).to_dict()
    except SpaceError as error:
        raise UsageProblem(str(error)) from None


def _parts(data: dict[str, Any], modules: bool) -> list[Part]:
    title = f"{data['backbone']} for {data['input']} images, {data['classes']} classes"
    rows = [
        (
            part["name"],
            f"{len(part['blocks'])} {part['kind']}" if part["blocks"] else "",
            part["blocks"][0] if part["blocks"] else "",
            _map(part["map"]),
            f"{part['parameters']:,}",
            f"{part['forward_flops']:,}",
        )
        for part in data["parts"]
    ]
    rows.append(("all", "", "", "", f"{data['parameters']:,}", f"{data['forward_flops']:,}"))
    columns = ("part", "blocks", "first block", "gives", "parameters", "forward FLOPs")
    places = [(name, _maps(maps)) for name, maps in data["positions"].items()]
    parts: list[Part] = [Table(columns, rows, title), ""]
    parts.append(Table(("placement", "feature maps (modules x CxHxW)"), places, "Placements"))
    if modules:
        paths = [(path, _map(found)) for path, found in data["modules"].items()]
        parts += ["", Table(("module", "gives"), paths, "Modules (stages: PATH in a job file)")]
    return parts


def _maps(maps: list[list[int]]) -> str:
    counted = Counter(map(_map, maps))
    return ", ".join(f"{count} x {text}" for text, count in counted.items())


def _map(shape: list[int] | None) -> str:
    return "" if shape is None else "x".join(map(str, shape))

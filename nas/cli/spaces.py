"""``nas spaces``: attention types and ready spaces, and a drawing of one space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nas.cli.image_size import parse_shape
from nas.cli.output import Output, Part, Table, output_option
from nas.cli.space_drawing import draw
from nas.errors import NotFound, did_you_mean
from search_spaces.architecture import TaskShape, Value
from search_spaces.axes import Axis
from search_spaces.backbones.table import BACKBONES
from search_spaces.catalogue import CATALOGUE
from search_spaces.ready import ready_names, ready_question, ready_space
from search_spaces.space import SearchSpace


class _Spaces(click.Group):
    """Tells who forgot ``show`` what to type."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a name of a space is no command."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            spaces = [f"show {name}" for name in ready_names()]
            hint = did_you_mean(args[0], self.commands)
            ctx.fail(f"no command {args[0]!r}{hint or did_you_mean(f'show {args[0]}', spaces)}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Spaces, invoke_without_command=True)
@output_option
@click.pass_context
def spaces(ctx: click.Context, output: Output) -> None:
    """List attention types, backbones and ready search spaces."""
    if ctx.invoked_subcommand is None:
        output.emit(_everything(), _tables)


@spaces.command("show")
@click.argument("name")
@click.option("--input", "size", metavar="CxHxW", help="Image size, such as 3x32x32: adds costs.")
@click.option("--classes", default=10, show_default=True, help="Class count for the costs.")
@output_option
def show(name: str, size: str | None, classes: int, output: Output) -> None:
    """Draw one space: NAME of a ready one, or a job FILE."""
    shape = parse_shape(size, classes) if size else None
    space, shape = _find(name, shape)
    drawing = draw(name, space, shape)
    output.emit(drawing.data, lambda: drawing.parts)


def _find(name: str, shape: TaskShape | None) -> tuple[SearchSpace, TaskShape | None]:
    """A ready space, or a job file's with the shape of its data where that is known."""
    if name in ready_names():
        return _ready(name), shape
    if not Path(name).exists():
        raise NotFound("ready space or job file", name, ready_names())
    from nas.job_file.reading import load
    from nas.settings import named_data
    from workers.datasets import DATASETS

    spec = load(name, named=named_data())
    return spec.search_space(), shape or DATASETS[spec.data.name].shape


def _ready(name: str) -> SearchSpace:
    return SearchSpace.from_dict(ready_space(name))


def _everything() -> dict[str, Any]:
    return {
        "types": {
            name: {
                "family": kind.family,
                "positions": list(kind.positions),
                "default_position": kind.default_position,
                "axes": [_axis(axis) for axis in kind.axes],
                "paper": kind.paper,
            }
            for name, kind in CATALOGUE.items()
        },
        "backbones": {
            name: {
                "stages": list(row.stages),
                "axes": [_axis(axis) for axis in row.axes],
                "paper": row.paper,
            }
            for name, row in BACKBONES.items()
        },
        "spaces": {
            name: {"size": _ready(name).size(), "question": ready_question(name)}
            for name in ready_names()
        },
    }


def _axis(axis: Axis) -> dict[str, Any]:
    when = None if axis.when is None else {"axis": axis.when[0], "values": list(axis.when[1])}
    return {"name": axis.name, "default": axis.default, "allowed": axis.says, "when": when}


def _tables() -> list[Part]:
    types = [
        (name, _axes_text(kind.axes), " ".join(kind.positions), kind.paper.split(",")[0])
        for name, kind in CATALOGUE.items()
    ]
    backbones = [
        (name, _axes_text(row.axes), len(row.stages), row.paper.split(",")[0])
        for name, row in BACKBONES.items()
    ]
    ready = []
    for name in ready_names():
        space = _ready(name)
        ready.append((name, space.backbone.name, f"{space.size():,}", ready_question(name)))
    return [
        Table(("type", "axes (default)", "positions", "paper"), types, "Attention types"),
        "",
        Table(("backbone", "axes (default)", "stages", "paper"), backbones, "Backbones"),
        "",
        Table(("space", "backbone", "architectures", "question"), ready, "Ready spaces"),
        "",
        "'nas spaces show NAME' draws a space; '-o json' has papers and allowed values in full",
    ]


def _axes_text(axes: tuple[Axis, ...]) -> str:
    always = [f"{axis.name} ({_word(axis.default)})" for axis in axes if axis.when is None]
    others = len(axes) - len(always)
    return ", ".join([*always, f"{others} more by choice"] if others else always)


def _word(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

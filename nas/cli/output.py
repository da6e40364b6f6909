"""How commands answer: data on stdout as a table or JSON, everything else on stderr.

A command takes ``@output_option`` and gets an ``Output``::

    @click.command()
    @output_option
    def show(output: Output) -> None:
        output.emit(data, lambda: Table(("trial", "accuracy"), rows))
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nas.errors import NotPrinted

if TYPE_CHECKING:
    from rich.table import Table as RichTable

_NUMBER = re.compile(r"[-+]?[0-9][0-9,.]*(e[-+]?[0-9]+)?%?")
_FORMAT = "nas.output_format"
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Table:
    """Rows to print; numbers stand to the right.

    Attributes:
        columns: headings.
        rows: one text or number a column.
        title: a line above.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    title: str = ""


#: What a human-readable answer consists of, top to bottom.
Part = str | Table


@dataclass(frozen=True)
class Output:
    """The answer's format: ``table`` for people or ``json`` for programs."""

    format: str = "table"

    @property
    def json(self) -> bool:
        """Whether a program reads the answer."""
        return self.format == "json"

    def emit(self, data: Any, render: Callable[[], Part | Iterable[Part]]) -> None:
        """Print the answer: ``data`` as JSON, or what ``render`` makes for people."""
        if self.json:
            import json

            put(json.dumps(data, indent=2, allow_nan=False, ensure_ascii=False))
            return
        made = render()
        for part in [made] if isinstance(made, str | Table) else made:
            print_part(part)


def output_option(command: F) -> F:
    """Add ``-o/--output`` and hand the command an ``Output`` as ``output``."""
    option = click.option(
        "-o",
        "--output",
        type=click.Choice(["table", "json"]),
        default="table",
        is_eager=True,
        callback=_remember,
        help="A table for people (default) or JSON for programs.",
    )
    return option(command)


def _remember(ctx: click.Context, _: click.Parameter, value: str) -> Output:
    ctx.meta[_FORMAT] = value  # shared with the parent, which reports errors
    return Output(value)


def wants_json(ctx: click.Context) -> bool:
    """Whether the command that runs below this context was asked for JSON."""
    if _FORMAT in ctx.meta:
        return bool(ctx.meta[_FORMAT] == "json")
    typed = " ".join(ctx.meta.get("nas.arguments", ()))
    return re.search(r"(^| )(-o ?|--output[ =])json($| )", typed) is not None


def say(text: str) -> None:
    """Tell the user something that is not data."""
    click.echo(text, err=True)


def put(text: str, nl: bool = True) -> None:
    """Print a part of the answer on stdout.

    Raises:
        NotPrinted: if stdout is closed, or stands on a disk that is full.
    """
    if sys.stdout is None:  # as Python has it where the shell closed it: >&-
        raise NotPrinted("the answer can't be printed: stdout is closed")
    try:
        click.echo(text, nl=nl)
    except BrokenPipeError:  # who reads has seen enough
        raise
    except OSError as error:
        raise NotPrinted(f"the answer can't be printed: {error.strerror or error}") from error


def print_part(part: Part) -> None:
    """Print text, or a table: drawn on a terminal, plain aligned columns elsewhere."""
    if isinstance(part, str):
        put(part)
    elif sys.stdout is not None and sys.stdout.isatty():
        _print_rich(part)
    else:
        put(plain_table(part))


def plain_table(table: Table) -> str:
    """Columns parted by two spaces, without trailing blanks."""
    cells = [[str(c) for c in table.columns], *([_cell(c) for c in row] for row in table.rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(table.columns))]
    right = [_is_numeric(table, i) for i in range(len(table.columns))]
    lines = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join([table.title, *lines] if table.title else lines)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _is_numeric(table: Table, column: int) -> bool:
    cells = [_cell(row[column]) for row in table.rows]
    return any(cells) and all(_NUMBER.fullmatch(cell) for cell in cells if cell)


def _print_rich(table: Table) -> None:
    from rich.console import Console

    Console(no_color=bool(os.environ.get("NO_COLOR"))).print(rich_table(table))


def rich_table(table: Table) -> RichTable:
    """A table as it is drawn on a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(title=table.title or None, title_justify="left", box=SIMPLE_HEAD)
    for index, name in enumerate(table.columns):
        drawn.add_column(name, justify="right" if _is_numeric(table, index) else "left")
    for row in table.rows:
        drawn.add_row(*(Text(_cell(value)) for value in row))
    return drawn

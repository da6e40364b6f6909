"""``nas data``: the data sets that job files can name here."""

from __future__ import annotations

from typing import Any

import click

from nas.cli.opened import server
from nas.cli.output import Output, Part, Table, output_option


@click.group()
def data() -> None:
    """Data sets: those of the settings by their names, and those that need no file."""


@data.command("list")
@output_option
def list_data(output: Output) -> None:
    """List the data sets that a job file can name without a folder."""
    remote = server()
    if remote is not None:
        found = remote.get("data")
    else:
        from nas.settings import Settings, data_list

        found = data_list(Settings.here())
    output.emit(found, lambda: _table(found))


def _table(found: list[dict[str, Any]]) -> Part:
    rows = [
        (one["name"], one["kind"], ", ".join(f"{k}: {v}" for k, v in one["keys"].items()))
        for one in found
    ]
    return Table(("name", "kind", "keys"), rows)

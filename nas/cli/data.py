"""``nas data``: the data sets that job files can name here."""

from __future__ import annotations

from typing import Any

import click

from nas.cli.output import Output, Part, Table, output_option


@click.group()
def data() -> None:
    """Data sets: those of the settings by their names, and those that need no file."""


@data.command("list")
@output_option
def list_data(output: Output) -> None:
    """List the data sets that a job file can name without a folder."""
    from nas.settings import Settings

    found = listed(Settings.here().named_data())
    output.emit(found, lambda: _table(found))


def listed(named: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Data sets by name: those of the settings, then those that come with the program."""
    from workers.datasets import DATASETS

    free = {
        name: {"name": name}
        for name, info in DATASETS.items()
        if not info.needs_root and name not in named
    }
    return [
        {"name": name, "kind": keys["name"], "keys": {k: v for k, v in keys.items() if k != "name"}}
        for name, keys in (named | free).items()
    ]


def _table(found: list[dict[str, Any]]) -> Part:
    rows = [
        (one["name"], one["kind"], ", ".join(f"{k}: {v}" for k, v in one["keys"].items()))
        for one in found
    ]
    return Table(("name", "kind", "keys"), rows)

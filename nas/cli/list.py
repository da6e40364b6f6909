"""``nas list``: all jobs, newest first."""

from __future__ import annotations

from typing import Any

import click

from nas.cli.output import Output, Part, Table, output_option
from nas.cli.service import service


@click.command("list")
@output_option
def list_jobs(output: Output) -> None:
    """List jobs, newest first."""
    summaries = service().jobs()
    output.emit(summaries, lambda: _table(summaries))


def _table(summaries: list[dict[str, Any]]) -> Part:
    if not summaries:
        return "no jobs yet; start with: nas init"
    from nas.analysis.people import accuracy

    rows = [
        (
            found["id"],
            found["name"],
            found["state"],
            f"{found['trials']['total']}/{found['budget']['trials']}",
            accuracy(found["best"]["accuracy"]) if found["best"] else "",
            found["front_size"],
            found["created"].replace("T", " ").removesuffix("Z"),
        )
        for found in summaries
    ]
    columns = ("id", "name", "state", "trials", "best %", "front", "created (UTC)")
    return Table(columns, rows)

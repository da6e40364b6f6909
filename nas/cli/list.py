"""``nas list``: all jobs, newest first."""

from __future__ import annotations

from typing import Any

import click

from nas.cli.opened import existing_store
from nas.cli.output import Output, Part, Table, output_option


@click.command("list")
@output_option
def list_jobs(output: Output) -> None:
    """List jobs, newest first."""
    with existing_store() as store:
        summaries: list[dict[str, Any]] = []
        if store is not None:
            from nas.analysis.summary import job_summary

            summaries = [job_summary(store, job) for job in store.jobs.list()]
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

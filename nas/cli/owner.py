"""``nas owner``: what one who submits jobs may use."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from nas.cli.opened import existing_store, refuse_from_afar, server
from nas.cli.output import Output, Part, Table, output_option
from nas.home import Home


@click.group()
def owner() -> None:
    """Owners of jobs, and their limits."""


@owner.command("list")
@output_option
def list_owners(output: Output) -> None:
    """List the owners that have limits."""
    remote = server()
    found = remote.get("owners") if remote is not None else _listed()

    def shown() -> Part:
        rows = [(one["name"], one["max_running"], one["gpu_hours"]) for one in found]
        return Table(("owner", "jobs at once", "GPU-hours in 30 days"), rows)

    output.emit(found, shown)


@owner.command("set")
@click.argument("name")
@click.option(
    "--running", "max_running", type=click.IntRange(min=0), metavar="N", help="Jobs at once."
)
@click.option(
    "--gpu-hours",
    type=click.FloatRange(min=0),
    metavar="HOURS",
    help="Within the last 30 days; a job that runs is not stopped by it.",
)
@output_option
def set_owner(name: str, max_running: int | None, gpu_hours: float | None, output: Output) -> None:
    """Set the limits of the owner NAME; what isn't given is not limited."""
    from nas.store.queue import Owner
    from nas.store.store import Store

    refuse_from_afar("limits of owners are set")
    limits = Owner(name, max_running, gpu_hours)
    store = Store(Home.here().store_url)
    store.queue.set_owner(limits)
    store.close()
    few = "any number of jobs" if max_running is None else f"{max_running} jobs"
    hours = "no limit of GPU-hours" if gpu_hours is None else f"{gpu_hours:g} GPU-hours in 30 days"
    output.emit(asdict(limits), lambda: f"{name}: {few} at once, {hours}")


def _listed() -> list[dict[str, Any]]:
    with existing_store() as store:
        return [asdict(one) for one in store.queue.owners()] if store else []

"""A service with 1,000 jobs, one of them of 10,000 trials: what people wait for, what it costs.

- what is asked most, by the store's functions and over HTTP, on SQLite and on a real PostgreSQL;
- CPU of the driver for a report, in searches of more and more trials, workers taking no time;
- the driver of very many workers; the web process of many who follow one job.

Run: python benchmarks/scale.py [--quick] [--long] [--write]. The comparison with Optuna's storage
on PostgreSQL and with Ray Tune is a part of ``benchmarks/orchestration.py``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import click

sys.path.append(str(Path(__file__).parents[1]))
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as in every command

from scale_driver import SimulatedWorkers, searched
from scale_followers import followed
from scale_reads import by_functions, over_http, percentile95
from scale_store import fill
from tables import show_table, write_table
from web import serving

from nas.store.store import Store
from tests import postgresql

Row = tuple[str, str, str, str]


@dataclass(frozen=True)
class Size:
    """How large everything is, and how long it may take."""

    jobs: int = 1000
    trials: int = 10_000
    runs: int = 40
    searches: tuple[int, ...] = (100, 1000, 3000)
    guided: tuple[int, ...] = (100, 300)
    workers: int = 1000
    clients: int = 50
    seconds: float = 10.0


QUICK = Size(100, 1000, 10, (100, 300), (100,), 100, 50, 3.0)


def reads(kind: str, url: str, size: Size, folder: Path) -> Iterator[Row]:
    """Milliseconds of every ask, and what following costs."""
    store = Store(url)
    job = fill(store, size.jobs, size.trials)
    for name, ask in by_functions(store, job).items():
        yield f"{name}: functions, {kind}", _ms(percentile95(ask, size.runs)), "50 ms", "p95"
    with serving(folder, url) as (address, pid):
        for name, ask in over_http(address, store, job).items():
            yield f"{name}: HTTP, {kind}", _ms(percentile95(ask, size.runs)), "50 ms", "p95"
        store.jobs.set_state(job.id, "running")
        share, arrived = followed(address, pid, store, job, size.clients, size.seconds, 10.0)
    told = f"10 events a second; {arrived} arrived"
    yield f"{size.clients} followers of one job, {kind}", f"{share:.0%} of a core", "", told
    store.close()


def drivers(size: Size, folder: Path) -> Iterator[Row]:
    """CPU a report, and the share of a core."""
    store = Store(f"sqlite:///{folder / 'driven.db'}")
    for sampler, sizes in (("random", size.searches), ("known_cost", size.guided)):
        first = None
        for trials in sizes:
            cost = searched(store, folder, trials, sampler, SimulatedWorkers(4))
            first = first or cost.per_report
            name = f"driver's CPU a report, {trials:,} trials, {sampler}"
            yield name, _ms(cost.per_report), "flat", f"{cost.per_report / first:.2f} of the first"
    # Each worker reports so often: segments of half a minute are short.
    workers = SimulatedWorkers(size.workers, seconds=30.0 if size.workers > 100 else 6.0)
    cost = searched(store, folder, size.workers, "random", workers)
    told = f"{cost.reports / cost.seconds:.0f} reports a second"
    yield f"driver of {size.workers:,} workers", f"{cost.share:.0%} of a core", "100%", told
    store.close()


def _ms(value: float) -> str:
    return f"{value:.1f} ms"


@click.command()
@click.option("--quick", is_flag=True, help="A tenth of everything.")
@click.option("--long", is_flag=True, help="Also a search of 10,000 trials: minutes more.")
@click.option("--write", is_flag=True, help="Keep the table in results/scale.md.")
def main(quick: bool, long: bool, write: bool) -> None:
    """Measure and print a table."""
    size = QUICK if quick else Size()
    if long:
        size = replace(size, searches=(*size.searches, 10_000))
    rows: list[Row] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stores = {"SQLite": f"sqlite:///{folder / 'store.db'}"}
        if postgresql.programs() is not None:
            server = stack.enter_context(postgresql.server())
            stores["PostgreSQL"] = stack.enter_context(postgresql.database(server, "scale"))
        for kind, url in stores.items():
            rows += _told(reads(kind, url, size, folder))
        rows += _told(drivers(size, folder))
    title = f"{size.jobs:,} jobs, one of {size.trials:,} trials"
    columns = ("what", "measured", "goal", "notes")
    options = " --quick" * quick + " --long" * long
    command = f"python benchmarks/scale.py{options} --write"
    if write:
        write_table("scale", title, columns, rows, command)
    else:
        show_table(title, columns, rows, command)


def _told(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        click.echo(" | ".join(row), err=True)
        yield row


if __name__ == "__main__":
    main()

"""The dashboard over a job of 10,000 trials: what people wait for, and what they cost.

- the job's page in Chromium, the web process just started and when it knows the job;
- a new point of the front: from its report to its mark, and the page's work for it;
- 100 viewers of the job: what they cost the web process.

Run: python benchmarks/dashboard.py [--quick] [--write]. Takes about three minutes.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import click

sys.path.append(str(Path(__file__).parents[1]))

from dashboard_browser import Opened, Update, chromium, opened, updates
from dashboard_viewers import viewed
from scale_store import fill
from tables import show_table, write_table
from web import serving

from nas.store.store import Store

Row = tuple[str, str, str, str]


def measured(home: Path, trials: int, times: int, viewers: int, seconds: float) -> Iterator[Row]:
    """Every row of the table."""
    store = Store(f"sqlite:///{home / 'store.db'}")
    job = fill(store, 20, trials)
    with chromium() as browser:
        cold = []
        for state in ("running", "done"):
            store.jobs.set_state(job.id, state)  # type: ignore[arg-type]
            for _ in range(3):
                with serving(home) as (address, _pid):
                    cold.append(opened(browser, f"{address}/jobs/large"))
        store.jobs.set_state(job.id, "running")
        with serving(home) as (address, _pid):
            page = f"{address}/jobs/large"
            warm = [opened(browser, page) for _ in range(times // 2 + 1)][1:]
            yield from _first(cold, warm)
            yield from _moving(updates(browser, page, store, job, times))
    with serving(home) as (address, pid):
        share, every = viewed(address, pid, store, job, viewers, seconds)
    told = f"an event a second; each refreshes every {every:.1f} s"
    yield f"{viewers} viewers: web process", f"{share:.0%} of a core", "50%", told
    store.close()


def _first(cold: list[Opened], warm: list[Opened]) -> Iterator[Row]:
    for name, pages in (("web process just started", cold), ("job known", warm)):
        waited = [page.interactive for page in pages]
        drawn = [page.front for page in pages]
        told = f"median; at most {max(waited):.0f} ms, of {len(pages)}"
        yield f"first page interactive, {name}", f"{median(waited):.0f} ms", "1,000 ms", told
        told = f"median; at most {max(drawn):.0f} ms"
        yield f"front drawn, {name}", f"{median(drawn):.0f} ms", "", told
    own, whole = (median(getattr(p, what) for p in warm) for what in ("own_bytes", "bytes"))
    told = f"compressed; {whole / 1e6:.1f} MB with plotly.js, which a browser keeps"
    yield "first page, bytes", f"{own / 1000:.0f} kB", "", told


def _moving(seen: list[Update]) -> Iterator[Row]:
    count = f"of {len(seen)} new points"
    for name, goal, values in (
        ("report to drawn mark", "1,000 ms", [one.latency for one in seen]),
        ("an update: main thread", "100 ms", [one.work for one in seen]),
    ):
        p95 = quantiles(values, n=20)[18]
        yield f"{name}, median", f"{median(values):.0f} ms", goal, count
        yield f"{name}, p95", f"{p95:.0f} ms", goal, count
    yield "an update, bytes", f"{median(one.bytes for one in seen) / 1000:.0f} kB", "", "compressed"


@click.command()
@click.option("--quick", is_flag=True, help="1,000 trials, fewer viewers.")
@click.option("--write", is_flag=True, help="Keep the table in results/dashboard.md.")
def main(quick: bool, write: bool) -> None:
    """Measure and print a table."""
    trials, times, viewers, seconds = (1000, 6, 20, 5.0) if quick else (10_000, 20, 100, 60.0)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for row in measured(Path(folder), trials, times, viewers, seconds):
            click.echo(" | ".join(row), err=True)
            rows.append(row)
    title = f"The dashboard over a job of {trials:,} trials"
    columns = ("what", "measured", "goal", "notes")
    command = f"python benchmarks/dashboard.py{' --quick' * quick} --write"
    if write:
        write_table("dashboard", title, columns, rows, command)
    else:
        show_table(title, columns, rows, command)


if __name__ == "__main__":
    main()

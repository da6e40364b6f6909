"""How long the HTTP API takes with many jobs and a job of many trials, on SQLite or PostgreSQL.

Run: ``python benchmarks/api.py [--jobs 1000] [--trials 10000] [--store URL]``. Writes a file of
``benchmarks/results/`` for the database. What changed since it was last asked for is made anew:
every second request follows a change of its job.
"""

from __future__ import annotations

import argparse
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles

from fastapi.testclient import TestClient

from dashboard.app import create_app
from nas.home import Home
from nas.store.records import Job, NewTrial, ReportRow
from nas.store.store import Store
from search_spaces.architecture import Architecture, Choice, Placement

RESULTS = Path(__file__).parent / "results"
TARGET_MS = 50.0
RUNGS = (3, 6, 12)
JOB_FILE = """\
name: fresh
space: cifar_small
search: {trials: 40}
"""


def filled(store: Store, name: str, trials: int, draw: random.Random) -> Job:
    """A job that is done, with trials at all rungs."""
    spec = {
        "name": name,
        "space": "cifar_small",
        "search": {"trials": trials, "pruner": "pareto", "sampler": "tpe"},
        "finalists": {"seeds": 0},
        "recipe": {"epochs": RUNGS[-1]},
        "cost": {"objective": "forward_flops", "limits": {}},
    }
    details = {
        "objective": "forward_flops",
        "rungs": list(RUNGS),
        "shape": {"channels": 1, "height": 28, "width": 28, "classes": 10},
        "reference": {"accuracy": 0.1, "cost": 8e6},
        "cost_range": {"parameters": [1_000, 90_000], "forward_flops": [900_000, 8_000_000]},
        "space_size": 10**6,
    }
    job = store.jobs.create(name, spec, details, f"owner{draw.randrange(9)}")
    for number in range(trials):
        _add(store, job, number, draw)
    store.jobs.set_state(job.id, "done")
    return store.jobs.get(name)


def _add(store: Store, job: Job, number: int, draw: random.Random) -> None:
    flops = draw.randrange(900_000, 8_000_000)
    built = Architecture.of(
        Choice.of("cifar_resnet", {"width": draw.choice((4, 8, 16)), "depth": 8}),
        {Placement("stage1", "pre_add"): Choice.of("se", {"ratio": draw.choice((2, 4, 8))})},
    )
    new = NewTrial("search", f"{number:032x}", built.to_json(), {}, number, flops // 100, flops)
    trial = store.trials.add(job.id, number, new)
    last = draw.choices(RUNGS, (6, 3, 1))[0]
    for rung in (rung for rung in RUNGS if rung <= last):
        row = ReportRow(
            trial_id=trial.id,
            epoch=rung,
            validation_accuracy=0.6 + 0.3 * draw.random(),
            validation_loss=0.5,
            train_loss=(0.5,),
            train_accuracy=(0.8,),
            train_seconds=1.0,
            evaluation_seconds=0.1,
            checkpoint="",
            checkpoint_sha256="0" * 64,
            worker="w0",
            device="cpu",
            created_ms=trial.created_ms,
        )
        over = "done" if rung == RUNGS[-1] else "pruned"
        store.trials.report(trial, row, over if rung == last else "waiting")


#: Milliseconds of each request: on the clock, and of CPU, which other programs don't change.
Times = tuple[list[float], list[float]]


def timed(ask: Callable[[int], object], before: Callable[[int], object], runs: int) -> Times:
    wall, cpu = [], []
    for number in range(runs):
        before(number)
        began, spent = time.perf_counter(), time.process_time()
        ask(number)
        wall.append(1000 * (time.perf_counter() - began))
        cpu.append(1000 * (time.process_time() - spent))
    return wall, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--store", default="", help="an empty database; default: SQLite")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(options.store or f"sqlite:///{folder}/store.db")
        draw = random.Random(0)
        for number in range(options.jobs - 1):
            filled(store, f"job-{number}", 5, draw)
        large = filled(store, "large", options.trials, draw)
        url = store.engine.url.render_as_string(hide_password=False)
        app = create_app(url, home=Home(Path(folder)))
        with TestClient(app, base_url="http://127.0.0.1:8000") as client:
            found = measured(client, store, large, options.runs)
        kind = store.engine.dialect.name
        store.close()
    text = report(found, options, kind)
    (RESULTS / f"api-{kind}.md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def measured(client: TestClient, store: Store, job: Job, runs: int) -> dict[str, Times]:
    """Times by what is asked."""

    def get(path: str, **headers: str) -> Callable[[int], object]:
        def ask(number: int) -> None:
            assert client.get(f"/api/v1/{path}", headers=headers).status_code == 200

        return ask

    def submit(number: int) -> None:
        body = {"job_file": JOB_FILE}
        assert client.post("/api/v1/jobs?wait=0", json=body).status_code == 202

    def change(number: int) -> None:
        if number % 2:
            store.trials.count_attempt(trial)

    last, trial = store.jobs.last_event(job.id), store.trials.get(job.id, 0)
    asked = {
        "submit": submit,
        "list, 100 of them": get("jobs?size=100"),
        "show": get("jobs/large"),
        "front": get("jobs/large/front"),
        "trials, a page": get("jobs/large/trials?sort=-accuracy"),
        "events, the last 100": get(f"jobs/large/events?after={last - 100}", accept=AS_JSON),
    }
    for ask in asked.values():
        ask(0)  # what is loaded at the first request of its kind
    return {name: timed(ask, change, runs) for name, ask in asked.items()}


AS_JSON = "application/json"


def report(found: dict[str, Times], options: argparse.Namespace, kind: str) -> str:
    lines = [
        "# The HTTP API with many jobs and trials",
        "",
        f"`python benchmarks/api.py --jobs {options.jobs} --trials {options.trials}` on "
        f"{platform.machine()}, Python {platform.python_version()}, {kind}: {options.runs} "
        f"requests each, a trial changed before every second one. Target: p95 at most "
        f"{TARGET_MS:g} ms. CPU is what a request took of a core, its client's part included; the "
        "clock shows other programs on the machine, too.",
        "",
        "| request | p50 ms | p95 ms | CPU p50 ms | CPU p95 ms |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, both in found.items():
        cuts = [quantiles(times, n=20) for times in both]
        lines.append(f"| {name} | {' | '.join(f'{c[9]:.0f} | {c[18]:.0f}' for c in cuts)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

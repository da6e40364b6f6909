"""Empty trials a second: our loop on its durable store against what people use instead.

Every contender runs the same number of trials that train nothing, with 12 categorical parameters
of 5 values, two objectives, Optuna's multivariate grouped TPE and 2 Ray actors:

- ours: the search loop on our SQLite store (a trial, a report and a charge are a transaction each;
  the cache is asked before every training),
- Ray Tune with OptunaSearch on its in-memory study, actors reused,
- Ray actors with ask and tell on Optuna's RDB storage in a SQLite file.

Ours and Optuna's storage run on a PostgreSQL server, too, which is started for it.

Starting Ray and its actors is left out everywhere: a trial's clock starts with the first one.

Run: python benchmarks/orchestration.py [--trials 200] [--rounds 3] [--write]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as in every command

import click
import optuna
import ray
from tables import show_table, write_table

sys.path.append(str(Path(__file__).parents[1]))

from nas.job_file.spec import JobSpec
from nas.jobs.deep import DeepReport
from nas.jobs.submission import submit
from nas.meter import Meter
from nas.plan import Plan
from nas.search.book import TrialBook
from nas.search.cache import recalling
from nas.search.drive import drive
from nas.search.loop import Search
from nas.search.samplers import make_sampler
from nas.store.store import Store
from search_spaces.architecture import TaskShape
from search_spaces.cost import cost_range
from tests import postgresql
from workers.pool import RayPool
from workers.synthetic import accuracy_at

WORKERS = 2
PARAMETERS = {f"x{i}": list("abcde") for i in range(12)}
SHAPE = TaskShape(3, 32, 32, 10)
TYPES = {
    "none": None,
    "se": {"ratio": 4},
    "eca": {"kernel_size": 3},
    "cbam": {"ratio": 4},
    "bam": {"ratio": 4},
}
SPACE = {
    "backbone": {"name": "resnet18", "width": 16, "stem": "cifar"},
    "attention": [
        {"positions": [position], "types": TYPES}
        for position in ("after_3x3", "pre_add", "post_add")
    ],
}


def ours(trials: int, folder: Path) -> float:
    """Our loop, from its first suggestion to its last recorded report, on SQLite."""
    return ours_on(f"sqlite:///{folder / 'store.db'}", trials, folder)


def ours_postgresql(trials: int, folder: Path) -> float:
    """The same on a PostgreSQL server of its own."""
    with postgresql.server() as server, postgresql.database(server, "ours") as address:
        return ours_on(address, trials, folder)


def ours_on(url: str, trials: int, folder: Path) -> float:
    """Trials a second on a store of ours."""
    spec = JobSpec.model_validate(
        {
            "name": "empty",
            "space": SPACE,
            "recipe": {"epochs": 1},
            "search": {
                "trials": trials,
                "sampler": "tpe",
                "pruner": "none",
                "baselines": False,
            },
        }
    )
    space = spec.search_space()
    assert len(space.parameters()) == len(PARAMETERS)
    low, high = cost_range(space, SHAPE)
    store = Store(url)
    report = DeepReport(
        SHAPE, "0" * 16, (0.0,) * 3, (1.0,) * 3, 1, 1, 1, space.size(), low, high, 1.0
    )
    job = submit(store, spec, report)
    book = TrialBook(Plan.of(job, folder), store)
    pool = RayPool(WORKERS, threads=1, execute="workers.synthetic:execute")
    while pool.free() < WORKERS:
        pool.wait()
    begun = time.perf_counter()
    with Meter(store, job) as meter:
        drive(pool, recalling(Search(book.plan, book), book, store), account=meter)
    seconds = time.perf_counter() - begun
    assert sum(t.state == "done" for t in store.trials.list(book.plan.job_id)) == trials
    pool.close()
    store.close()
    return trials / seconds


def tune(trials: int, folder: Path) -> float:
    """Ray Tune, from its first trial's start to the end of ``fit``."""
    from ray import tune as ray_tune
    from ray.tune.search import ConcurrencyLimiter
    from ray.tune.search.optuna import OptunaSearch

    def objective(config: dict[str, str]) -> None:
        ray_tune.report({"accuracy": empty(config), "cost": 1.0, "begun": time.time()})

    search = OptunaSearch(
        space={n: optuna.distributions.CategoricalDistribution(v) for n, v in PARAMETERS.items()},
        metric=["accuracy", "cost"],
        mode=["max", "min"],
        sampler=make_sampler("tpe", 0),
    )
    tuner = ray_tune.Tuner(
        objective,
        tune_config=ray_tune.TuneConfig(
            num_samples=trials,
            search_alg=ConcurrencyLimiter(search, max_concurrent=WORKERS),
            max_concurrent_trials=WORKERS,
            reuse_actors=True,
        ),
        run_config=ray_tune.RunConfig(storage_path=str(folder), verbose=0),
    )
    results = tuner.fit()
    assert len(results) == trials
    first = min(result.metrics["begun"] for result in results if result.metrics)
    return trials / (time.time() - first)


def rdb(trials: int, folder: Path) -> float:
    """Persistent actors; ask and tell on Optuna's own storage in a file."""
    return rdb_on(f"sqlite:///{folder / 'optuna.db'}", trials)


def rdb_postgresql(trials: int, folder: Path) -> float:
    """The same on a PostgreSQL server of its own."""
    with postgresql.server() as server, postgresql.database(server, "optuna") as address:
        return rdb_on(address.replace("postgresql:", "postgresql+psycopg:"), trials)


def rdb_on(storage: str, trials: int) -> float:
    """Trials a second on a storage of Optuna's."""

    @ray.remote
    class Worker:
        def train(self, params: dict[str, str]) -> float:
            return empty(params)

    study = optuna.create_study(
        directions=["maximize", "minimize"],
        storage=storage,
        sampler=make_sampler("tpe", 0),
    )
    workers = [Worker.remote() for _ in range(WORKERS)]
    ray.get([worker.train.remote({}) for worker in workers])
    distributions = {
        name: optuna.distributions.CategoricalDistribution(values)
        for name, values in PARAMETERS.items()
    }
    running = {}
    asked = told = 0
    begun = time.perf_counter()
    while told < trials:
        while workers and asked < trials:
            trial, worker = study.ask(distributions), workers.pop()
            running[worker.train.remote(trial.params)] = (trial, worker)
            asked += 1
        (ready, *_), _ = ray.wait(list(running))
        trial, worker = running.pop(ready)
        study.tell(trial, [ray.get(ready), 1.0])
        workers.append(worker)
        told += 1
    return trials / (time.perf_counter() - begun)


def empty(params: dict[str, str]) -> float:
    """What a worker does for a trial: the same nothing for everyone."""
    return accuracy_at(str(sorted(params.items())), 1, 1, 0)


CONTENDERS = {
    "ours (durable SQLite store)": ours,
    "ours (PostgreSQL store)": ours_postgresql,
    "Ray Tune + OptunaSearch (in memory)": tune,
    "Ray actors + Optuna RDB (SQLite)": rdb,
    "Ray actors + Optuna RDB (PostgreSQL)": rdb_postgresql,
}

#: Whose workers are of a Ray that they start themselves.
OURS = (ours, ours_postgresql)


@click.command()
@click.option("--trials", default=200, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--write", is_flag=True, help="Keep the table in results/orchestration.md.")
def main(trials: int, rounds: int, write: bool) -> None:
    """Measure every contender in turn, round after round, and print a table."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    rates: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name, run in CONTENDERS.items():
            if run not in OURS and not ray.is_initialized():
                ray.init("local", num_cpus=WORKERS, include_dashboard=False, log_to_driver=False)
            with tempfile.TemporaryDirectory() as folder:
                rates[name].append(run(trials, Path(folder)))
            click.echo(f"{name}: {rates[name][-1]:.1f} trials a second", err=True)
            if run is rdb_postgresql:
                ray.shutdown()
    mine = median(rates[next(iter(CONTENDERS))])
    rows = [
        (name, f"{median(r):.1f}", f"{min(r):.1f} to {max(r):.1f}", f"{mine / median(r):.1f}")
        for name, r in rates.items()
    ]
    title = f"Empty trials a second: {trials} trials of 12 categorical parameters, {rounds} rounds"
    columns = ("contender", "trials a second (median)", "range", "ours is so many times faster")
    command = f"python benchmarks/orchestration.py --trials {trials} --rounds {rounds} --write"
    if write:
        write_table("orchestration", title, columns, rows, command)
    else:
        show_table(title, columns, rows, command)


if __name__ == "__main__":
    main()

"""How long an ask takes, and what it keeps, in studies of 100, 1,000 and 10,000 trials.

    OMP_NUM_THREADS=1 python benchmarks/search/ask.py [--trials 100 1000 10000] [--quick] [--write]

A study of two objectives over 30 conditional categorical parameters is filled with random trials
that reached some rungs; then a fresh sampler is asked and told. The first ask reads the whole study
and is not counted; medians are of those after it. Memory is what the process grew by over them.
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import sys
import time
import warnings
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState, create_trial
from problems import big
from tables import write_table
from worlds import Space, parameters_of

from nas.search.sampler import KnownCostSampler
from nas.search.samplers import make_sampler

PROBLEM = big()
SPACE = Space(parameters_of(PROBLEM.encoding))
RUNGS = (1, 2, 4)
SAMPLERS = {
    "ours": lambda: KnownCostSampler(PROBLEM.cost, seed=0, space=SPACE.parameters()),
    "Optuna TPE (multivariate, grouped)": lambda: make_sampler("tpe", 0),
    "Optuna TPE, defaults": lambda: optuna.samplers.TPESampler(seed=0),
}


def filled(trials: int) -> optuna.Study:
    """A study of random trials; a third of them finished, the others pruned at some rung."""
    rng = np.random.default_rng(0)
    study = optuna.create_study(directions=["maximize", "minimize"])
    codes = PROBLEM.encoding.random(rng, trials)
    for row, accuracy in zip(codes, PROBLEM.truth(codes) / 100, strict=True):
        params = PROBLEM.encoding.decode(row)
        reached = RUNGS[: int(rng.integers(1, 4))]
        noisy = accuracy + rng.normal(0, 0.005, len(reached))
        done, cost = len(reached) == len(RUNGS), PROBLEM.cost(params)
        values = dict(zip(PROBLEM.encoding.names, PROBLEM.encoding.values, strict=True))
        study.add_trial(
            create_trial(
                state=TrialState.COMPLETE if done else TrialState.PRUNED,
                values=[noisy[-1], cost] if done else None,
                params=params,
                distributions={name: CategoricalDistribution(values[name]) for name in params},
                user_attrs={f"rung:{r}": float(v) for r, v in zip(reached, noisy, strict=True)}
                | {"cost": cost},
            )
        )
    return study


def measure(study: optuna.Study, asks: int) -> tuple[list[float], list[float], float]:
    """Milliseconds of each ask by the clock and of the processor, and MiB grown after the first."""
    times, work = [], []
    grown = 0.0
    for number in range(asks + 1):
        begun, worked = time.perf_counter(), time.process_time()
        trial = study.ask()
        key = SPACE.walk(trial.suggest_categorical)
        times.append(1000 * (time.perf_counter() - begun))
        work.append(1000 * (time.process_time() - worked))
        if number == 0:
            grown = -_memory()
        row = PROBLEM.encoding.encode(dict(key))
        study.tell(trial, [float(PROBLEM.truth(row[None])[0]) / 100, PROBLEM.cost(dict(key))])
    return times, work, grown + _memory()


def _memory() -> float:
    """MiB of this process now."""
    gc.collect()
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--asks", type=int, default=30)
    parser.add_argument("--samplers", nargs="+", default=list(SAMPLERS))
    parser.add_argument("--quick", action="store_true", help="100 and 300 trials, 3 asks")
    parser.add_argument("--write", action="store_true", help="results/ask.md")
    given = parser.parse_args()
    if given.quick:
        given.trials, given.asks = [100, 300], 3
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    rows = []
    for trials in given.trials:
        study = filled(trials)
        for name in given.samplers:
            copy = optuna.create_study(
                directions=["maximize", "minimize"], sampler=SAMPLERS[name]()
            )
            copy.add_trials(study.get_trials(deepcopy=False))
            times, work, grown = measure(copy, given.asks)
            middle, high = statistics.median(times[1:]), sorted(times[1:])[int(0.9 * given.asks)]
            numbers = (middle, high, statistics.median(work[1:]), times[0])
            rows.append((f"{trials:,}", name, *(f"{n:.0f}" for n in numbers), f"{grown:.1f}"))
            print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
    if given.write:
        columns = ("trials", "sampler", "median ms", "9th of 10", "CPU ms", "first ms", "MiB grown")
        command = " ".join(["OMP_NUM_THREADS=1 python benchmarks/search/ask.py", *sys.argv[1:]])
        write_table("ask", f"An ask, over {given.asks} of them", columns, rows, command)


if __name__ == "__main__":
    main()

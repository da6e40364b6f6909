"""How many trainings samplers need to reach most of the true front, replayed on synthetic tables.

    python benchmarks/search/replay.py [--problems big flat] [--samplers known_cost tpe]
                                       [--seeds 10] [--budget 300] [--write]

Samplers see accuracies with noise; the hypervolume is that of the true accuracies of what they
tried, as a share of the true front's, above a random architecture's 1st percentile of accuracy and
below the highest cost. Repeats of an architecture cost a training like all others (a sampler that
repeats has chosen to).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import optuna
from problems import PROBLEMS, Problem, true_front

from nas.pareto import front_indices
from nas.search.encoding import Codes
from nas.search.sampler import KnownCostSampler
from nas.search.samplers import make_sampler

LEVELS = (0.90, 0.95, 0.99)
NOTES = (
    "Medians over the seeds; `>N` means that half of them needed more than N. The sampler was",
    "tuned on `big` and `flat`. `held_out` had one short run before, and nothing was chosen by it.",
    "Its hypervolume is nearly all in its cheapest architectures, so only 99 % tells samplers",
    "apart. The front of `big` is the best that a long evolution without noise finds.",
    "`undeclared`: the sampler is told neither parameters nor conditions. Optuna's GP takes",
    "seconds an ask and was left out. Ask times are those of a machine that was busy.",
)
optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def make(name: str, problem: Problem, seed: int) -> optuna.samplers.BaseSampler:
    """A sampler by the word of a job file."""
    if name.startswith("known_cost"):
        declared = [
            _Declared(*args)
            for args in zip(
                problem.encoding.names,
                problem.encoding.values,
                _conditions(problem),
                strict=True,
            )
        ]
        return KnownCostSampler(
            problem.cost, seed=seed, space=None if name.endswith("undeclared") else declared,
        )  # fmt: skip
    return make_sampler(name, seed)


class _Declared:
    def __init__(self, name: str, values: tuple, conditions: tuple) -> None:  # type: ignore[type-arg]
        self.name, self.values, self.conditions = name, values, conditions


def _conditions(problem: Problem) -> list[tuple]:  # type: ignore[type-arg]
    names, values = problem.encoding.names, problem.encoding.values
    return [
        tuple((names[p], tuple(values[p][c] for c in sorted(allowed))) for p, allowed in rules)
        for rules in problem.encoding.rules
    ]


def ask(problem: Problem, study: optuna.Study) -> tuple[optuna.Trial, Codes]:
    """One suggestion, defined by running through the active parameters."""
    trial = study.ask()
    encoding = problem.encoding
    row = np.full(len(encoding.names), -1, dtype=np.int16)
    for column, (name, values) in enumerate(zip(encoding.names, encoding.values, strict=True)):
        if all(int(row[parent]) in allowed for parent, allowed in encoding.rules[column]):
            row[column] = values.index(trial.suggest_categorical(name, values))
    return trial, row


def replay(problem: Problem, name: str, seed: int, budget: int) -> tuple[list[float], list[float]]:
    """Hypervolume (not yet a share) after each training, and the seconds of each ask."""
    noise = np.random.default_rng([seed, 99])
    study = optuna.create_study(
        directions=["maximize", "minimize"], sampler=make(name, problem, seed)
    )
    accuracy: list[float] = []
    cost: list[float] = []
    curve, seconds = [], []
    for _ in range(budget):
        begun = time.perf_counter()
        trial, row = ask(problem, study)
        seconds.append(time.perf_counter() - begun)
        true, price = float(problem.truth(row[None])[0]), float(problem.costs(row[None])[0])
        study.tell(trial, [(true + problem.noise * noise.normal()) / 100, price])
        accuracy.append(true)
        cost.append(price)
        front = front_indices(accuracy, cost)
        accuracy, cost = [accuracy[i] for i in front], [cost[i] for i in front]
        curve.append(problem.volume(np.array(accuracy), np.array(cost)))
    return curve, seconds


def needed(curve: list[float], level: float) -> int | None:
    """Trainings until a share is reached; None if never."""
    return next((i + 1 for i, share in enumerate(curve) if share >= level), None)


def _median(values: list[int | None], budget: int) -> str:
    known = sorted(v if v is not None else budget + 1 for v in values)
    middle = statistics.median(known)
    return f"{middle:.0f}" if middle <= budget else f">{budget}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", default=list(PROBLEMS), choices=list(PROBLEMS))
    parser.add_argument("--samplers", nargs="+", default=["known_cost", "tpe", "nsga2", "random"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--budget", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    rows = []
    for which in options.problems:
        problem = PROBLEMS[which]()
        budget = options.budget or problem.budget
        whole = problem.volume(*true_front(problem))
        for name in options.samplers:
            curves, seconds = [], []
            for seed in range(options.first_seed, options.first_seed + options.seeds):
                curve, spent = replay(problem, name, seed, budget)
                curves.append([value / whole for value in curve])
                seconds += spent
            at = [f"{np.mean([c[n - 1] for c in curves]):.3f}" for n in (25, 50, 100, 200)
                  if n <= budget]  # fmt: skip
            row = [which, name, *(_median([needed(c, v) for c in curves], budget) for v in LEVELS)]
            row += [" / ".join(at), f"{1000 * statistics.median(seconds):.0f}"]
            rows.append(row)
            print(" | ".join(row), flush=True)
    if options.write:
        from tables import write_table

        columns = ["table", "sampler", "90 %", "95 %", "99 %", "share at 25/50/100/200", "ask ms"]
        command = "python benchmarks/search/replay.py " + " ".join(sys.argv[1:])
        write_table(
            "search", "Trainings until most of the true front", columns, rows, command, NOTES
        )


if __name__ == "__main__":
    main()

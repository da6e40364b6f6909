"""Epochs and trainings until most of the true front, replayed from tables without training.

    python benchmarks/search.py [--worlds table big] [--contenders ours random] [--seeds 30]
                                [--runs search-runs.jsonl] [--syne .syne/bin/python] [--write]

A search has found what it trained to the last rung: the hypervolume is that of the true accuracies
(of the table: means over seeds) of those architectures, as a share of the true front's. It lies
above the accuracy that 99 % of random architectures reach and below the highest cost. Every run
is a line of ``--runs`` and is not run again where that file has it.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("search")))

import optuna
from contenders import CONTENDERS, Step, syne_tune
from informed import informed
from oracle import best_shares
from tables import write_table
from worlds import WORLDS, World

from nas.pareto import front_indices

LEVELS = (0.90, 0.95, 0.99)
#: Who trains nothing but the best: what is possible at all.
ORACLE = "oracle (knows the truth)"
#: Who knows how much everything weighs there, in worlds that can be looked at whole.
INFORMED, WHOLE = "informed (knows all variances)", ("table_expected", "flat", "fresh_flat")
MOASHA = "Syne Tune MOASHA"
#: Full trainings that a run may cost at most, where the world is not exhausted before: what thinks
#: long gets fewer, and the slowest fewer seeds too.
BUDGET, SEEDS = 3000, 30
BUDGETS = {
    "ours": 100,
    "ours, no pruning": 200,
    "our pruner, random sampler": 300,
    INFORMED: 100,
    "Optuna TPE": 300,
    "Optuna NSGA-II": 1000,
    "Optuna GP": 100,
    "Ray Tune ASHA + OptunaSearch": 150,
    MOASHA: 150,
}
FEW_SEEDS = {"Optuna GP": 10, ORACLE: 1, INFORMED: 10}
NOTES = (
    "Medians over the seeds: epochs until so much of the true front's hypervolume, and trainings",
    "begun until 95 %, one worker, no baselines, a training found again costs nothing. `>N`: half",
    "of the seeds needed more than N, which is where runs end. `against ours`: epochs until 90 %",
    "and 95 %, over ours. Only what was trained to the last rung counts as found. Our pruner",
    "works as in a job: at a quarter and half of the epochs, with a reduction of 3; ASHA and",
    "MOASHA stop by halves from the first epoch on. Ray Tune's scheduler and searcher and Syne",
    "Tune's scheduler are the real ones, driven by our loop over the replay. The sampler was tuned",
    "on `big`, `flat`, `table_expected` and further seeds of `flat`, `big`, `tangled`, `waves` and",
    "`held_out`; the pruner on `table_expected`, `flat`, `tangled` and six seeds of the `waves`;",
    "nothing was chosen by the `fresh` worlds. Ask times are of a busy machine. The oracle trains",
    "the best members of the true front and nothing else: nobody can need fewer epochs.",
    "The informed one is a Gaussian process that is told how much every choice, pair, rung",
    "and seed weighs in this world, and scores every architecture at each step; it is no bound.",
)


@dataclass(frozen=True)
class Run:
    """One search.

    Attributes:
        epochs, trainings: spent when each of ``LEVELS`` was reached; None if never.
        spent: epochs in all; share: of the hypervolume in the end.
        ask_ms: median.
    """

    world: str
    contender: str
    seed: int
    epochs: list[int | None]
    trainings: list[int | None]
    spent: int
    share: float
    ask_ms: float


def play(world: World, steps: Iterator[Step], budget: int) -> dict[str, object]:
    """Let a contender search until the last level or the budget; what ``Run`` says of it."""
    found: list[tuple[float, float]] = []
    epochs = trainings = 0
    share = 0.0
    reached: dict[float, tuple[int, int]] = {}
    seconds = []
    for step in steps:
        if epochs + step.epochs > budget * world.rungs[-1]:
            break
        epochs, trainings = epochs + step.epochs, trainings + step.new
        if step.seconds:
            seconds.append(step.seconds)
        if step.rung < world.rungs[-1] or not step.epochs:
            continue
        found.append((world.truth(step.key), world.cost(dict(step.key))))
        front = front_indices(*zip(*found, strict=True))
        if len(found) - 1 in front:
            found = [found[i] for i in front]
            share = world.share(found)
        for level in LEVELS:
            if share >= level:
                reached.setdefault(level, (epochs, trainings))
        if LEVELS[-1] in reached:
            break
    both = [reached.get(level, (None, None)) for level in LEVELS]
    return {
        "epochs": [e for e, _ in both],
        "trainings": [t for _, t in both],
        "spent": epochs,
        "share": share,
        "ask_ms": 1000 * statistics.median(seconds or [0.0]),
    }


def foreseen(world: World) -> dict[str, object]:
    """As ``play``, for one who knows the true front and trains its best members only."""
    shares = best_shares(world)
    counts = [next(n for n, s in enumerate(shares, 1) if s >= level) for level in LEVELS]
    epochs = [count * world.rungs[-1] for count in counts]
    return {
        "epochs": epochs,
        "trainings": counts,
        "spent": epochs[-1],
        "share": shares[counts[-1] - 1],
        "ask_ms": 0.0,
    }


def median(values: Iterable[int | None], limit: int) -> tuple[float, str]:
    """Of numbers where None is more than the limit; as text too."""
    middle = statistics.median_high([limit + 1 if value is None else value for value in values])
    return middle, f"{middle:.0f}" if middle <= limit else f">{limit}"


def rows(runs: list[Run]) -> list[list[str]]:
    """The table."""
    found = []
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.world, run.contender), []).append(run)
    for (world, name), here in groups.items():
        cells, limit = _middles(here)
        trainings = median([run.trainings[1] for run in here], 10**6)
        middles = [middle if middle <= limit else math.inf for middle, _ in cells]
        mine, most = _middles(groups.get((world, "ours"), here))
        against = [
            _ratio(middle, ours if ours <= most else math.inf, limit)
            for middle, (ours, _) in zip(middles, mine, strict=True)
        ]
        found.append(
            [
                world,
                name,
                str(len(here)),
                *(text for _, text in cells),
                trainings[1] if trainings[0] < 10**6 else "-",
                " / ".join(against[:2]),
                f"{statistics.mean(run.share for run in here):.3f} at {limit}",
                f"{statistics.median(run.ask_ms for run in here):.0f}",
            ]
        )
    return found


def _middles(runs: list[Run]) -> tuple[list[tuple[float, str]], int]:
    """Of one contender, for each level; and what its longest run spent."""
    limit = max(run.spent for run in runs)
    return [median([run.epochs[i] for run in runs], limit) for i in range(len(LEVELS))], limit


def _ratio(middle: float, ours: float, limit: int) -> str:
    """How many times more epochs; ``-`` where ours are not known."""
    if math.isinf(ours):
        return "-"
    if math.isinf(middle):
        return f">{limit / ours:.1f}"
    return f"{middle / ours:.{1 if middle >= ours else 2}f}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", nargs="+", default=list(WORLDS), choices=list(WORLDS))
    parser.add_argument("--contenders", nargs="+", default=[ORACLE, INFORMED, *CONTENDERS])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--table-seeds", type=int, help="of the table, if they should differ")
    parser.add_argument("--runs", type=Path, help="keep runs here, and don't repeat those there")
    parser.add_argument("--kept", action="store_true", help="only what --runs has: no new runs")
    parser.add_argument("--syne", metavar="PYTHON", help="that has syne-tune: see search/syne.py")
    parser.add_argument("--write", action="store_true", help="results/search.md")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    contenders, names = CONTENDERS | {INFORMED: informed}, list(given.contenders)
    if given.syne:
        contenders[MOASHA] = syne_tune(given.syne)
        names.append(MOASHA)
    kept = _read(given.runs)
    runs = []
    for world_name in given.worlds:
        world: World | None = None
        for name in names:
            if name == INFORMED and world_name not in WHOLE:
                continue
            budget = BUDGETS.get(name, BUDGET)
            wanted = given.table_seeds if world_name.startswith("table") else given.seeds
            seeds = min(wanted or given.seeds, FEW_SEEDS.get(name, 10**6))
            for seed in range(seeds):
                run = kept.get((world_name, name, seed))
                if run is None and given.kept:
                    continue
                if run is None:
                    world = world or WORLDS[world_name]()
                    if name == ORACLE:
                        found = foreseen(world)
                    else:
                        found = play(world, contenders[name](world, seed), budget)
                    run = Run(world_name, name, seed, **found)  # type: ignore[arg-type]
                    _keep(given.runs, run)
                runs.append(run)
            if runs:
                print(" | ".join(rows(runs)[-1]), file=sys.stderr, flush=True)
    columns = ["world", "contender", "seeds", *(f"{level:.0%}" for level in LEVELS)]
    columns += ["trainings", "against ours", "mean share", "ask ms"]
    command = " ".join(["python benchmarks/search.py", *sys.argv[1:]])
    if given.write:
        title = "Epochs until most of the true front"
        write_table("search", title, columns, rows(runs), command, NOTES)


def _read(path: Path | None) -> dict[tuple[str, str, int], Run]:
    if path is None or not path.exists():
        return {}
    runs = [Run(**json.loads(line)) for line in path.read_text().splitlines()]
    return {(run.world, run.contender, run.seed): run for run in runs}


def _keep(path: Path | None, run: Run) -> None:
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(run)) + "\n")


if __name__ == "__main__":
    main()

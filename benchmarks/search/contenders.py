"""Who searches: each is a generator of what it trains, segment by segment, one worker at a time.

A training that was paid for once is looked up when it is asked for again, by whomever: repeats
cost nothing, which is kind to samplers that repeat.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import optuna
from worlds import Key, World

from nas.job_file.spec import derived_rungs
from nas.search.samplers import Known, make_sampler
from nas.search.study import SearchStudy

#: Of our pruner (a job's default), and of Ray Tune's and Syne Tune's, whose rungs then double.
OURS_REDUCTION, ASHA_REDUCTION = 3, 2
#: Asks in a row that give nothing new, after which a contender has given up.
PATIENCE = 300


@dataclass(frozen=True)
class Step:
    """One segment: an architecture reached a rung.

    Attributes:
        epochs: that it took, 0 where they had been paid for.
        new: whether a training began with it.
        seconds: that the contender thought before.
    """

    key: Key
    rung: int
    epochs: int
    new: bool
    seconds: float


Contender = Callable[[World, int], Iterator[Step]]


def ours(sampler: str, pruner: str) -> Contender:
    """Our study, as the loop of a job with one worker drives it, at a job's rungs, no baselines."""

    def run(world: World, seed: int) -> Iterator[Step]:
        known = Known(world.cost, world.space.parameters(), world.features)  # type: ignore[arg-type]
        last = world.rungs[-1]
        rungs = derived_rungs(last) if pruner != "none" else (last,)
        study = SearchStudy(
            world.space,  # type: ignore[arg-type]
            sampler,
            pruner,
            rungs,
            OURS_REDUCTION,
            seed,
            known=known,
        )
        keys: list[Key] = []
        waiting: dict[int, int] = {}
        while True:
            begun = time.perf_counter()
            number = next(iter(study.promotable(waiting) if waiting else ()), len(keys))
            if number == len(keys):
                suggestion = study.suggest(
                    lambda key: "duplicate" if key in keys else None  # type: ignore[comparison-overlap]
                )
                if suggestion is None:
                    return
                keys.append(suggestion.architecture)  # type: ignore[arg-type]
                study.admit(suggestion, number, world.cost(suggestion.params), False)
            seconds = time.perf_counter() - begun
            key, before = keys[number], waiting.pop(number, 0)
            rung = next(epoch for epoch in rungs if epoch > before)
            yield Step(key, rung, rung - before, not before, seconds)
            accuracy = world.seen(key, rung, seed)
            study.report(number, rung, accuracy)
            if rung == last:
                study.finish(number, accuracy)
            else:
                waiting[number] = rung

    return run


def tuner(make: Callable[[int], optuna.samplers.BaseSampler], flat: bool = False) -> Contender:
    """An Optuna sampler with two objectives; every training goes to the last rung."""

    def run(world: World, seed: int) -> Iterator[Step]:
        study = optuna.create_study(directions=["maximize", "minimize"], sampler=make(seed))
        walk = world.space.walk_flat if flat else world.space.walk
        last, trained, idle = world.rungs[-1], set(), 0
        while idle < PATIENCE:
            begun = time.perf_counter()
            trial = study.ask()
            key = walk(trial.suggest_categorical)
            seconds = time.perf_counter() - begun
            idle = idle + 1 if key in trained else 0
            yield Step(key, last, 0 if key in trained else last, key not in trained, seconds)
            trained.add(key)
            study.tell(trial, [world.seen(key, last, seed), world.cost(dict(key))])

    return run


def stopped_early(
    suggest: Callable[[str], Key],
    report: Callable[[str, Key, int, float], bool],
    world: World,
    seed: int,
) -> Iterator[Step]:
    """A loop of trials that a scheduler may stop at a rung.

    Args:
        suggest: by the trial's name.
        report: trial, architecture, epoch and accuracy; whether the trial may go on.
        world: to search.
        seed: of what is seen.
    """
    paid: dict[Key, int] = {}
    idle = 0
    for number in itertools.count():
        begun = time.perf_counter()
        key = suggest(f"t{number}")
        seconds = time.perf_counter() - begun
        before, first = paid.get(key, 0), key not in paid
        idle = 0 if first else idle + 1
        if idle > PATIENCE:
            return
        reached = 0
        for rung in world.rungs:
            new = max(0, rung - max(reached, paid.get(key, 0)))
            paid[key] = max(rung, paid.get(key, 0))
            yield Step(key, rung, new, first and not reached, seconds)
            reached, seconds = rung, 0.0
            if not report(f"t{number}", key, rung, world.seen(key, rung, seed)):
                break
        if paid[key] > before:
            idle = 0


def ray_tune(world: World, seed: int) -> Iterator[Step]:
    """Ray Tune's OptunaSearch (accuracy and cost) with its ASHA (by accuracy), driven by hand.

    The real scheduler and searcher; only the controller around them, which would start a process
    for every trial, is replaced by this loop.
    """
    from ray.tune.schedulers import ASHAScheduler, TrialScheduler
    from ray.tune.search.optuna import OptunaSearch

    np.random.seed(seed)
    last = world.rungs[-1]
    scheduler = ASHAScheduler(
        metric="accuracy", mode="max", max_t=last, reduction_factor=ASHA_REDUCTION
    )

    def by_run(trial: Any) -> None:
        world.space.walk(trial.suggest_categorical)

    searcher = OptunaSearch(
        by_run,
        metric=["accuracy", "cost"],
        mode=["max", "min"],
        sampler=optuna.samplers.TPESampler(seed=seed),
    )
    trials: dict[str, Any] = {}

    def suggest(name: str) -> Key:
        config = searcher.suggest(name)
        trials[name] = SimpleNamespace(trial_id=name)
        scheduler.on_trial_add(None, trials[name])
        return world.space.walk(lambda parameter, _: config[parameter])

    def report(name: str, key: Key, epoch: int, accuracy: float) -> bool:
        result = {"training_iteration": epoch, "accuracy": accuracy, "cost": world.cost(dict(key))}
        action = scheduler.on_trial_result(None, trials[name], result)
        goes_on = action == TrialScheduler.CONTINUE and epoch < last
        if not goes_on:
            searcher.on_trial_complete(name, result)
            scheduler.on_trial_complete(None, trials.pop(name), result)
        return goes_on

    yield from stopped_early(suggest, report, world, seed)


def syne_tune(python: str) -> Contender:
    """Syne Tune's MOASHA in an environment of its own, asked over a pipe (``syne.py``)."""

    def run(world: World, seed: int) -> Iterator[Step]:
        options = {name: len(values) for name, values in world.space.flat.items()}
        setting = {"space": options, "seed": seed, "max_t": world.rungs[-1],
                   "reduction": ASHA_REDUCTION}  # fmt: skip
        with subprocess.Popen(
            [python, str(Path(__file__).with_name("syne.py")), json.dumps(setting)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None and process.stdout is not None
            stdin, stdout = process.stdin, process.stdout

            def ask(question: object) -> Any:
                stdin.write(json.dumps(question) + "\n")
                stdin.flush()
                return json.loads(stdout.readline())

            def suggest(name: str) -> Key:
                config = ask(["suggest"])
                return world.space.walk_flat(lambda parameter, _: config[parameter])

            def report(name: str, key: Key, epoch: int, accuracy: float) -> bool:
                numbers = [epoch, 1 - accuracy, world.cost(dict(key))]
                return bool(ask(["report", int(name[1:]), *numbers])) and epoch < world.rungs[-1]

            try:
                yield from stopped_early(suggest, report, world, seed)
            finally:
                process.terminate()

    return run


CONTENDERS: dict[str, Contender] = {
    "ours": ours("known_cost", "pareto"),
    "ours, no pruning": ours("known_cost", "none"),
    "our pruner, random sampler": ours("random", "pareto"),
    "random": tuner(lambda seed: optuna.samplers.RandomSampler(seed=seed)),
    "Optuna TPE": tuner(lambda seed: make_sampler("tpe", seed)),
    "Optuna NSGA-II": tuner(lambda seed: make_sampler("nsga2", seed)),
    "Optuna GP": tuner(lambda seed: make_sampler("gp", seed), flat=True),
    "Ray Tune ASHA + OptunaSearch": ray_tune,
}

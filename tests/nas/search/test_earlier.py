import itertools

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.study import StudyDirection

from nas.pareto import hypervolume
from nas.search.earlier import Earlier, Lift
from nas.search.encoding import Encoding
from nas.search.observations import Knowledge
from nas.search.sampler import KnownCostSampler
from search_spaces.space import Parameter

NAMES = ("a", "b", "c", "d", "e")
SPACE = {name: CategoricalDistribution((0, 1, 2, 3)) for name in NAMES}
ALL = [dict(zip(NAMES, v, strict=True)) for v in itertools.product(range(4), repeat=len(NAMES))]
KNOWLEDGE = Knowledge(lambda p: 1.0 + sum(p.values()), 1.0, None, None)
ENCODING = Encoding.declared([Parameter(name, (0, 1, 2, 3)) for name in NAMES])


def problem(seed):
    main = 0.02 * np.random.default_rng(seed).normal(size=(len(NAMES), 4))
    return lambda p: 0.8 + float(sum(main[i, p[name]] for i, name in enumerate(NAMES)))


def results(accuracy, count=120, noise=0.004, seed=0):
    rng = np.random.default_rng(seed)
    picked = rng.choice(len(ALL), count, replace=False)
    return [(ALL[i], {0: accuracy(ALL[i]) + noise * rng.normal()}) for i in picked]


def read(found, direction=StudyDirection.MAXIMIZE):
    return Earlier.read(found, ENCODING, KNOWLEDGE, direction)


def rows(params):
    codes = np.stack([ENCODING.encode(p) for p in params])
    return codes, np.stack([KNOWLEDGE.of(p)[1] for p in params])


def slope_of(accuracy, found, count=12):
    picked = [ALL[i] for i in np.random.default_rng(5).choice(len(ALL), count, replace=False)]
    y = np.array([accuracy(p) for p in picked])
    earlier = read(found)
    lift = Lift(earlier, *rows(picked), y)
    moved, seen = lift.of(*rows(ALL)), earlier.expects(*rows(ALL))
    return float(np.polyfit(seen, moved, 1)[0])


def test_it_expects_what_was_seen():
    accuracy = problem(1)
    expected = read(results(accuracy)).expects(*rows(ALL))
    assert np.corrcoef(expected, [accuracy(p) for p in ALL])[0, 1] > 0.95


def test_an_expectation_is_brought_to_the_scale_of_the_study():
    accuracy = problem(1)
    half = results(lambda p: 0.3 + 0.5 * accuracy(p), noise=0.001)
    assert slope_of(accuracy, half) == pytest.approx(2, rel=0.1)


def test_an_expectation_that_says_nothing_lifts_nothing():
    slopes = [slope_of(problem(1), results(problem(seed)), 24) for seed in range(20, 30)]
    assert np.mean(np.abs(slopes)) < 0.15


def test_errors_are_turned_round():
    accuracy = problem(1)
    wrong = [(p, {0: 1 - seen[0]}) for p, seen in results(accuracy)]
    expected = read(wrong, StudyDirection.MINIMIZE).expects(*rows(ALL))
    assert np.corrcoef(expected, [accuracy(p) for p in ALL])[0, 1] > 0.95


def test_several_fidelities_of_one_architecture_are_one_result():
    accuracy = problem(1)
    low = [(p, {0: 0.2 + 0.5 * seen[0]}) for p, seen in results(accuracy)]
    high = [(p, {1: seen[0]}) for p, seen in results(accuracy)[:40]]
    expected = read(low + high).expects(*rows(ALL))
    truth = np.array([accuracy(p) for p in ALL])
    assert np.corrcoef(expected, truth)[0, 1] > 0.9
    assert abs(expected.mean() - truth.mean()) < 0.02


def test_a_single_architecture_tells_nothing():
    assert read(results(problem(1), count=1)) is None


def volume(seed, earlier, trials=14):
    accuracy, rng = problem(seed), np.random.default_rng(seed)
    cost = KNOWLEDGE._cost
    sampler = KnownCostSampler(cost, seed=seed, space=SPACE, earlier=earlier)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    met = []
    for _ in range(trials):
        trial = study.ask(SPACE)
        study.tell(trial, [accuracy(trial.params) + 0.004 * rng.normal(), cost(trial.params)])
        met.append(trial.params)
    everything = hypervolume([accuracy(p) for p in ALL], [cost(p) for p in ALL], 0.7, 17.0)
    return hypervolume([accuracy(p) for p in met], [cost(p) for p in met], 0.7, 17.0) / everything


def test_a_search_gains_from_results_that_tell_and_loses_little_by_those_that_do_not():
    seeds = range(3)
    alone = np.mean([volume(s, ()) for s in seeds])
    telling = np.mean([volume(s, results(problem(s), noise=0.01)) for s in seeds])
    other = np.mean([volume(s, results(problem(s + 100))) for s in seeds])
    assert telling > alone
    assert other > alone - 0.1


def test_results_do_not_stand_in_the_way_of_what_they_are_of():
    accuracy = problem(3)
    best = max(ALL, key=accuracy)
    everything = [(p, {0: accuracy(p)}) for p in ALL]
    sampler = KnownCostSampler(lambda p: 1.0, seed=0, space=SPACE, earlier=everything)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for _ in range(8):
        trial = study.ask(SPACE)
        study.tell(trial, accuracy(trial.params))
    assert study.best_params == best


def test_results_need_a_space():
    with pytest.raises(ValueError, match="earlier results need a space"):
        KnownCostSampler(None, earlier=[({"a": 1}, {0: 0.5})])

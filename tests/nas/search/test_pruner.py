import math
import pickle
import random

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from nas.search.attributes import AUDIT, COST, PROTECTED, rung_key
from nas.search.pruner import USUAL, NoPruner, ParetoPruner

POINTS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(1, 50), st.booleans()), min_size=1, max_size=40
)


def trial(accuracy, cost, rungs=(1,), protected=False):
    attributes = {COST: float(cost), PROTECTED: protected}
    attributes |= {rung_key(epoch): accuracy for epoch in rungs}
    return create_trial(
        state=TrialState.RUNNING,
        params={"x": 0},
        distributions={"x": CategoricalDistribution([0])},
        user_attrs=attributes,
    )


def by_rank(*arguments, **options):
    """One that goes by ranks from the first trial on."""
    return ParetoPruner(*arguments, prune_after=0, **options)


def study_of(*trials):
    study = optuna.create_study(directions=["maximize", "minimize"])
    for each in trials:
        study.add_trial(each)
    return study, study.get_trials()


def test_it_is_an_optuna_pruner():
    assert isinstance(ParetoPruner((1, 2)), optuna.pruners.BasePruner)


def test_a_cheaper_trial_of_equal_accuracy_goes_before_a_dearer_one():
    study, trials = study_of(trial(0.5, 10), trial(0.5, 20))
    pruner = by_rank((1, 2), reduction=2)
    assert [pruner.prune(study, t) for t in trials] == [False, True]


def test_a_dear_trial_is_not_pruned_by_a_cheap_one_that_is_worse():
    study, trials = study_of(trial(0.5, 10), trial(0.9, 90), trial(0.4, 50), trial(0.3, 60))
    pruner = by_rank((1, 2), reduction=2)
    assert [pruner.prune(study, t) for t in trials] == [False, False, True, True]


def test_too_few_trials_promote_nobody_yet():
    study, trials = study_of(trial(0.9, 1), trial(0.8, 2))
    assert by_rank((1, 2), reduction=3).prune(study, trials[0])


def test_who_waits_may_go_on_once_others_have_come():
    pruner = by_rank((1, 2), reduction=3)
    study, trials = study_of(trial(0.9, 5), trial(0.95, 9), trial(0.2, 6))
    assert pruner.prune(study, trials[1]) != pruner.prune(study, trials[0])
    study, trials = study_of(*(trial(0.9, 5), trial(0.95, 9)), *(trial(0.1, 50),) * 4)
    assert not pruner.prune(study, trials[0])
    assert not pruner.prune(study, trials[1])


def test_baselines_always_go_on():
    study, trials = study_of(trial(0.9, 1), trial(0.1, 99, protected=True), trial(0.2, 50))
    assert not by_rank((1, 2), reduction=3).prune(study, trials[1])


def test_the_last_rung_and_no_rung_prune_nothing():
    study, trials = study_of(
        trial(0.1, 9, rungs=(1, 2)), trial(0.9, 1, rungs=(1, 2)), trial(0, 5, ())
    )
    pruner = by_rank((1, 2), reduction=2)
    assert [pruner.prune(study, t) for t in trials] == [False, False, False]


def test_no_pruner_prunes_nothing():
    study, trials = study_of(trial(0.1, 9), trial(0.9, 1))
    assert not any(NoPruner((1, 2)).prune(study, t) for t in trials)


@given(POINTS, st.integers(2, 4))
def test_the_quota_holds_and_nobody_passes_who_is_dominated_by_someone_left_behind(points, eta):
    trials = [trial(a, c, protected=p) for a, c, p in points]
    _, found = study_of(*trials)
    pruner = by_rank((1, 2), reduction=eta)
    up = set(pruner.promotable(found, 1))
    free = [t for t in found if not t.user_attrs[PROTECTED]]
    assert len([t for t in free if t.number in up]) <= len(found) // eta
    assert {t.number for t in found if t.user_attrs[PROTECTED]} <= up
    for left in (t for t in free if t.number not in up):
        for gone in (t for t in free if t.number in up):
            assert not _dominates(left, gone)


def _dominates(a, b):
    accuracy = a.user_attrs[rung_key(1)], b.user_attrs[rung_key(1)]
    cost = a.user_attrs[COST], b.user_attrs[COST]
    no_worse = accuracy[0] >= accuracy[1] and cost[0] <= cost[1]
    return no_worse and (accuracy[0], cost[0]) != (accuracy[1], cost[1])


@pytest.mark.parametrize("count", [3, 10, 31])
def test_a_third_goes_on(count):
    _, found = study_of(*(trial(math.sin(i), i) for i in range(count)))
    assert len(by_rank((1, 2), reduction=3).promotable(found, 1)) == count // 3


SPACE = {f"place{i}": CategoricalDistribution(["none", "se", "eca"]) for i in range(4)}


def searched(pruner, count=40, directions=("maximize", "minimize"), seed=0, noise=0.05):
    """Ask, pause and promote in a study of known effects; promotions as (rung, number)."""
    rng = random.Random(seed)
    study = optuna.create_study(
        directions=list(directions), sampler=optuna.samplers.RandomSampler(seed=seed), pruner=pruner
    )
    sign = 1 if directions[0] == "maximize" else -1
    live, at, promoted = {}, {}, []
    while True:
        trials = study.get_trials(deepcopy=False)
        up = [
            (rung, number)
            for rung in reversed(pruner.rungs[:-1])
            for number in pruner.promotable(trials, rung, study.directions)
            if at.get(number) == rung
        ]
        if up:
            rung, number = up[0]
            promoted.append(up[0])
            trial, target = live[number], pruner.rungs[pruner.rungs.index(rung) + 1]
        elif len(trials) < count:
            trial, target = study.ask(SPACE), pruner.rungs[0]
            number = trial.number
            live[number] = trial
            if len(directions) > 1:
                trial.set_user_attr(COST, cost_of(trial.params))
        else:
            return study, promoted
        last = target == pruner.rungs[-1]
        accuracy = accuracy_of(trial.params) + (0 if last else rng.gauss(0, noise))
        trial.set_user_attr(rung_key(target), sign * accuracy)
        at[number] = target
        if last:
            del at[number]
            values = [sign * accuracy, cost_of(trial.params)]
            study.tell(number, values[: len(directions)])


def accuracy_of(params):
    return 0.5 + sum(0.1 * (value == "se") + 0.03 * (value == "eca") for value in params.values())


def cost_of(params):
    return 1.0 + sum(0.5 * (value == "se") + 0.2 * (value == "eca") for value in params.values())


def test_a_share_of_the_promotions_follows_the_surrogate():
    _, ranked = searched(by_rank((1, 3, 9), by_surrogate=0))
    _, mixed = searched(by_rank((1, 3, 9), by_surrogate=0.5))
    assert ranked != mixed
    assert len(mixed) <= len(ranked) + 2


def test_the_surrogate_sees_through_a_noisy_rung():
    """By the rank of a rung that is noise, promotions are blind; the surrogate pools all trials."""

    def promoted(share):
        found = []
        for seed in range(3):
            study, up = searched(
                by_rank((1, 9), by_surrogate=share), 60, ("maximize",), seed, noise=0.3
            )
            late = [number for _, number in up[8:]]
            found += [accuracy_of(study.trials[number].params) for number in late]
        return sum(found) / len(found)

    assert promoted(1.0) > promoted(0.0)


@pytest.mark.parametrize("directions", [("maximize", "minimize"), ("maximize",), ("minimize",)])
def test_equal_studies_give_equal_promotions(directions):
    first, second = (searched(by_rank((1, 3, 9)), 30, directions)[1] for _ in range(2))
    assert first == second
    assert first


def test_the_pruner_can_be_asked_anew_without_another_answer():
    study, _ = searched(by_rank((1, 3, 9), by_surrogate=0.5))
    trials = study.get_trials(deepcopy=False)
    pruner, other = (by_rank((1, 3, 9), by_surrogate=0.5) for _ in range(2))
    assert pruner.promotable(trials, 1) == pruner.promotable(trials, 1)
    assert pruner.promotable(trials, 1) == other.promotable(trials, 1)


def test_one_objective_is_plain_successive_halving_by_accuracy():
    study = optuna.create_study(direction="maximize", pruner=by_rank((1, 2), reduction=2))
    for accuracy in (0.1, 0.9, 0.5, 0.7):
        study.ask().report(accuracy, 1)
    trials = study.get_trials()
    assert [study.pruner.prune(study, t) for t in trials] == [True, False, True, False]


def test_an_error_is_halved_the_other_way_round():
    study = optuna.create_study(direction="minimize", pruner=by_rank((1, 2), reduction=2))
    asked = [study.ask() for _ in range(4)]
    for trial_, error in zip(asked, (0.1, 0.9, 0.5, 0.7), strict=True):
        trial_.report(error, 1)
    assert [trial_.should_prune() for trial_ in asked] == [False, True, False, True]


def test_it_stops_trials_in_a_plain_optimize_loop():
    def objective(trial):
        quality = trial.suggest_categorical("x", list(range(10)))
        for epoch in (1, 9):
            trial.report(quality * epoch, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return quality

    sampler = optuna.samplers.RandomSampler(seed=0)
    pruner = by_rank((1, 9), by_surrogate=0)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
    study.optimize(objective, n_trials=30)
    kept = [t.values[0] for t in study.get_trials(states=[TrialState.COMPLETE])]
    assert 4 <= len(kept) <= 12
    assert min(kept) >= 5


def test_threads_may_share_it_and_it_can_be_pickled():
    def objective(trial):
        quality = sum(trial.suggest_categorical(f"x{i}", [0, 1, 2]) for i in range(3))
        for epoch in (1, 3, 9):
            trial.report(quality + epoch / 10, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return quality

    pruner = pickle.loads(pickle.dumps(by_rank((1, 3, 9), by_surrogate=0.5)))
    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
    study.optimize(objective, n_trials=40, n_jobs=4)
    states = {t.state for t in study.trials}
    assert states <= {TrialState.COMPLETE, TrialState.PRUNED}
    assert TrialState.PRUNED in states


def test_a_number_that_is_none_waits():
    study, trials = study_of(trial(math.nan, 1), trial(0.5, 9), trial(0.4, 9))
    pruner = by_rank((1, 2), reduction=2)
    assert [pruner.prune(study, t) for t in trials] == [True, False, True]


def test_studies_that_it_can_not_judge_are_refused():
    study = optuna.create_study(directions=["maximize", "minimize"])
    asked = study.ask()
    asked.set_user_attr(rung_key(1), 0.5)
    with pytest.raises(ValueError, match="trial 0 has no user attribute 'cost'"):
        ParetoPruner((1, 2)).prune(study, study.trials[0])
    three = optuna.create_study(directions=["maximize"] * 3)
    three.ask().set_user_attr(rung_key(1), 0.5)
    with pytest.raises(ValueError, match="the study has 3 objectives; allowed: 1 or 2"):
        ParetoPruner((1, 2)).prune(three, three.trials[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rungs": ()}, "rungs are"),
        ({"rungs": (3, 1)}, "rungs are"),
        ({"rungs": (1.5, 3)}, "rungs are"),
        ({"rungs": "13"}, "rungs are"),
        ({"rungs": (1, 2), "threshold": 2}, "threshold is 2"),
        ({"rungs": (1, 2), "reduction": 1}, "reduction is 1"),
        ({"rungs": (1, 2), "by_surrogate": 1.5}, "by_surrogate is 1.5"),
        ({"rungs": (1, 2), "prune_after": -1}, "prune_after is -1"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ParetoPruner(**arguments)


@given(POINTS, st.integers(0, 39), st.floats(0, 1), st.integers(0, 49))
def test_better_at_no_more_cost_is_never_ranked_below(points, which, gain, less):
    accuracy, cost, _ = points[which % len(points)]
    better = trial(accuracy + gain, max(0, cost - less))
    _, found = study_of(*(trial(a, c) for a, c, _ in points), better)
    order = by_rank((1, 2), reduction=2)._ranked(found, 1, USUAL)
    place = [t.number for t in order]
    worse = which % len(points)
    same = (accuracy + gain, max(0, cost - less)) == (accuracy, cost)
    assert same or place.index(len(points)) < place.index(worse)


def audited(early, late, rungs=(1, 9)):
    attributes = {COST: 1.0, AUDIT: True, rung_key(rungs[0]): early, rung_key(rungs[1]): late}
    return create_trial(
        state=TrialState.COMPLETE,
        values=[late, 1.0],
        params={"x": 0},
        distributions={"x": CategoricalDistribution([0])},
        user_attrs=attributes,
    )


@pytest.mark.parametrize(("sign", "blind"), [(1, set()), (-1, {1})])
def test_a_rung_that_does_not_predict_the_last_prunes_nothing(sign, blind):
    audit = [audited(0.5 + sign * i / 100, 0.5 + i / 100) for i in range(8)]
    study, trials = study_of(*audit, trial(0.1, 90), trial(0.2, 95))
    pruner = by_rank((1, 9), by_surrogate=0)
    assert pruner.blind(trials) == blind
    assert pruner.prune(study, trials[-1]) == (not blind)
    assert ParetoPruner((1, 9), threshold=-1).blind(trials) == set()


def test_audited_trials_always_go_on_and_few_of_them_conclude_nothing():
    audit = [audited(0.5 - i / 100, 0.5 + i / 100) for i in range(7)]
    waits = trial(0.0, 99)
    waits.user_attrs[AUDIT] = True
    study, trials = study_of(*audit, waits, trial(0.1, 90))
    pruner = by_rank((1, 9), by_surrogate=0)
    assert pruner.blind(trials) == set()
    assert [pruner.prune(study, t) for t in trials[-2:]] == [False, True]


def half_finished(says, count=40, cost=1.0):
    """Trials whose rung 1 says something of the end, by a function of accuracy and chance."""
    rng = random.Random(0)
    found = []
    for number in range(count):
        accuracy = rng.gauss(0.7, 0.1)
        each = trial(says(accuracy, rng.gauss(0, 0.1)), cost)
        each.distributions, each.params = {"x": FloatDistribution(0, 1)}, {"x": number / count}
        if number < count // 2:
            each.user_attrs[rung_key(2)] = accuracy
            each.state, each.values = TrialState.COMPLETE, [accuracy, cost]
            each.datetime_complete = each.datetime_start
        found.append(each)
    return study_of(*found)[1]


@pytest.mark.parametrize(
    ("says", "best", "least", "most"),
    [
        (lambda accuracy, luck: accuracy, 1, 1, 13),
        (lambda accuracy, luck: luck, None, 15, 20),
        (lambda accuracy, luck: 1 - accuracy, -1, 1, 13),
    ],
)
def test_who_goes_on_depends_on_what_the_rung_turned_out_to_say(says, best, least, most):
    """A rung that says nothing stops hardly anybody, and one that misleads is read as it is."""
    found = half_finished(says)
    up = set(by_rank((1, 2), reduction=20, by_surrogate=0).promotable(found, 1))
    waiting = {t.number: t.user_attrs[rung_key(1)] for t in found[20:]}
    assert least <= len(up & waiting.keys()) <= most
    if best:
        first = max(waiting, key=lambda number: best * waiting[number])
        assert first in up


def test_the_first_trials_all_go_on():
    _, found = study_of(*(trial(math.sin(i), i) for i in range(30)))
    up = ParetoPruner((1, 2), reduction=10, prune_after=12).promotable(found, 1)
    assert set(range(12)) <= set(up)
    assert len(up) <= 15


def test_parameters_that_no_surrogate_takes_are_pruned_by_what_the_rung_says():
    def objective(trial):
        quality = trial.suggest_float("x", 0, 1)
        for epoch in (1, 9):
            trial.report(quality, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return quality

    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=ParetoPruner((1, 9)))
    study.optimize(objective, n_trials=60)
    states = [t.state for t in study.trials]
    assert set(states[:10]) == {TrialState.COMPLETE}
    assert states.count(TrialState.PRUNED) > 20
    assert study.best_value == max(t.params["x"] for t in study.trials)


def test_a_value_counts_though_the_last_rung_was_never_reported():
    found = half_finished(lambda accuracy, luck: accuracy)
    up = by_rank((1, 9), reduction=20, by_surrogate=0).promotable(found, 1)
    waiting = {t.number: t.user_attrs[rung_key(1)] for t in found[20:]}
    assert max(waiting, key=waiting.__getitem__) in up
    assert len(set(up) & waiting.keys()) < 14

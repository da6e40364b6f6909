import math

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState, create_trial

from nas.search.pruner import COST, PROTECTED, NoPruner, ParetoPruner, rung_key

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


def study_of(*trials):
    study = optuna.create_study(directions=["maximize", "minimize"])
    for each in trials:
        study.add_trial(each)
    return study, study.get_trials()


def test_it_is_an_optuna_pruner():
    assert isinstance(ParetoPruner((1, 2)), optuna.pruners.BasePruner)


def test_a_cheaper_trial_of_equal_accuracy_goes_before_a_dearer_one():
    study, trials = study_of(trial(0.5, 10), trial(0.5, 20))
    pruner = ParetoPruner((1, 2), reduction=2)
    assert [pruner.prune(study, t) for t in trials] == [False, True]


def test_a_dear_trial_is_not_pruned_by_a_cheap_one_that_is_worse():
    study, trials = study_of(trial(0.5, 10), trial(0.9, 90), trial(0.4, 50), trial(0.3, 60))
    pruner = ParetoPruner((1, 2), reduction=2)
    assert [pruner.prune(study, t) for t in trials] == [False, False, True, True]


def test_too_few_trials_promote_nobody_yet():
    study, trials = study_of(trial(0.9, 1), trial(0.8, 2))
    assert ParetoPruner((1, 2), reduction=3).prune(study, trials[0])


def test_who_waits_may_go_on_once_others_have_come():
    pruner = ParetoPruner((1, 2), reduction=3)
    study, trials = study_of(trial(0.9, 5), trial(0.95, 9), trial(0.2, 6))
    assert pruner.prune(study, trials[1]) != pruner.prune(study, trials[0])
    study, trials = study_of(*(trial(0.9, 5), trial(0.95, 9)), *(trial(0.1, 50),) * 4)
    assert not pruner.prune(study, trials[0])
    assert not pruner.prune(study, trials[1])


def test_baselines_always_go_on():
    study, trials = study_of(trial(0.9, 1), trial(0.1, 99, protected=True), trial(0.2, 50))
    assert not ParetoPruner((1, 2), reduction=3).prune(study, trials[1])


def test_the_last_rung_and_no_rung_prune_nothing():
    study, trials = study_of(
        trial(0.1, 9, rungs=(1, 2)), trial(0.9, 1, rungs=(1, 2)), trial(0, 5, ())
    )
    pruner = ParetoPruner((1, 2), reduction=2)
    assert [pruner.prune(study, t) for t in trials] == [False, False, False]


def test_no_pruner_prunes_nothing():
    study, trials = study_of(trial(0.1, 9), trial(0.9, 1))
    assert not any(NoPruner((1, 2)).prune(study, t) for t in trials)


@given(POINTS, st.integers(2, 4))
def test_the_quota_holds_and_nobody_passes_who_is_dominated_by_someone_left_behind(points, eta):
    trials = [trial(a, c, protected=p) for a, c, p in points]
    _, found = study_of(*trials)
    pruner = ParetoPruner((1, 2), reduction=eta)
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
    assert len(ParetoPruner((1, 2), reduction=3).promotable(found, 1)) == count // 3

import itertools
import random

import optuna
import pytest

from nas.search.study import History, SearchStudy
from search_spaces.architecture import Architecture
from search_spaces.space import SearchSpace
from tests.nas.search.conftest import SPACE

RUNGS = (1, 3, 9)
SMALL = {
    "backbone": {"name": "cifar_resnet", "depth": 8, "width": 4},
    "attention": [{"stages": 3, "types": {"none": None, "eca": None, "se": {"ratio": 4}}}],
}


def new_study(space=SPACE, sampler="tpe", pruner="none", seed=0, history=(), reduction=3):
    return SearchStudy(
        SearchSpace.from_dict(space),
        sampler,
        pruner,
        RUNGS,
        reduction,
        seed,
        history,
        prune_after=0,
    )


def accept(_):
    return None


def finish_one(study, number, accuracy=0.5, cost=1.0, reason=""):
    suggestion = study.suggest(accept)
    study.admit(suggestion, number, cost, protected=False)
    study.finish(number, None if reason else accuracy, reason)
    return suggestion


def test_failures_are_learned_from():
    study = new_study()
    hits = 0
    for number in range(120):
        suggestion = study.suggest(accept)
        study.admit(suggestion, number, 1.0, protected=False)
        bad = suggestion.params["stage3.type"] == "cbam"
        hits += bad and number >= 60
        study.finish(number, None if bad else 0.5 + (number % 7) / 100, "nan" if bad else "")
    assert hits < 12  # a sampler that doesn't learn lands there 15 times of 60


def test_a_failure_is_pruned_with_a_violated_constraint():
    study = new_study()
    finish_one(study, 0, reason="diverged")
    (trial,) = study.optuna_study.get_trials()
    assert trial.state == optuna.trial.TrialState.PRUNED
    assert trial.constraints == {"failed": 1.0}


def test_a_finished_trial_has_accuracy_and_cost_as_values():
    study = new_study()
    finish_one(study, 0, accuracy=0.75, cost=1234.0)
    assert study.optuna_study.get_trials()[0].values == [0.75, 1234.0]


def test_no_intermediate_value_is_ever_written():
    study = new_study(pruner="pareto")
    suggestion = study.suggest(accept)
    study.admit(suggestion, 0, 1.0, protected=False)
    study.report(0, 1, 0.5)
    assert study.optuna_study.get_trials()[0].intermediate_values == {}


def test_duplicates_are_refused_until_one_is_new():
    study = new_study(SMALL)
    seen = set()

    def refuse(architecture):
        return "duplicate" if architecture in seen else None

    for number in range(3):
        suggestion = study.suggest(refuse)
        seen.add(suggestion.architecture)
        study.admit(suggestion, number, 1.0, protected=False)
    assert len(seen) == 3
    assert study.suggest(refuse) is None


def test_an_enqueued_rule_becomes_a_suggestion_with_its_params():
    space = SearchSpace.from_dict(SPACE)
    wanted = space.at(7)
    suggestion = new_study().propose(wanted)
    assert suggestion.architecture == wanted
    assert suggestion.params == space.params_of(wanted)


def test_a_rule_outside_the_space_is_no_suggestion():
    outside = Architecture.of(SearchSpace.from_dict(SMALL).backbones[0])
    assert new_study().propose(outside.of(outside.backbone, {}, "paper")) is None


def test_a_restart_does_not_repeat_the_random_phase():
    first = new_study()
    asked = [first.suggest(accept) for _ in range(8)]
    history = [
        History(n, s.params, "done", 1.0, {9: 0.5}, protected=False) for n, s in enumerate(asked)
    ]
    again = new_study(history=history)
    repeated = [again.suggest(accept).architecture for _ in range(8)]
    assert repeated != [s.architecture for s in asked]


@pytest.mark.parametrize("state", ["running", "waiting", "done", "pruned", "failed"])
def test_a_restored_trial_is_in_the_state_that_a_live_one_would_be_in(state):
    live = new_study(pruner="pareto")
    suggestion = live.suggest(accept)
    live.admit(suggestion, 0, 5.0, protected=True)
    rungs = {1: 0.4, 3: 0.5, 9: 0.6} if state == "done" else {1: 0.4}
    for epoch, accuracy in rungs.items():
        live.report(0, epoch, accuracy)
    if state == "done":
        live.finish(0, 0.6)
    elif state in ("pruned", "failed"):
        live.finish(0, None, "why" if state == "failed" else "")
    history = History(0, suggestion.params, state, 5.0, rungs, protected=True)
    restored = new_study(pruner="pareto", history=[history])
    (a,), (b,) = live.optuna_study.get_trials(), restored.optuna_study.get_trials()
    same = ("state", "params", "values", "constraints", "user_attrs", "distributions")
    for name in same:
        assert getattr(a, name) == getattr(b, name), name


def test_a_restored_running_trial_can_be_finished():
    params = SearchSpace.from_dict(SPACE).params_of(SearchSpace.from_dict(SPACE).at(3))
    study = new_study(history=[History(4, params, "running", 2.0, {1: 0.3}, protected=False)])
    study.report(4, 3, 0.4)
    study.finish(4, 0.5)
    assert study.optuna_study.get_trials()[0].values == [0.5, 2.0]


def test_higher_rungs_are_promoted_first():
    study = new_study(pruner="pareto", reduction=2)
    for number, rungs in enumerate([{1: 0.9, 3: 0.9}, {1: 0.8, 3: 0.8}, {1: 0.7}, {1: 0.6}]):
        study.admit(study.suggest(accept), number, 1.0 + number, protected=False)
        for epoch, accuracy in rungs.items():
            study.report(number, epoch, accuracy)
    assert study.promotable({0: 3, 1: 3, 2: 1, 3: 1}) == [0]
    assert study.promotable({1: 3, 2: 1, 3: 1}) == []


def test_seeds_decide_the_suggestions():
    def draw(seed):
        study = new_study(sampler="random", seed=seed)
        return [study.suggest(accept).architecture for _ in range(5)]

    assert draw(1) == draw(1)
    assert all(draw(a) != draw(b) for a, b in itertools.combinations(range(3), 2))


def scored(study, count, order, audited):
    """Trials with a score each; the audited ones are done, their accuracy ``order(score)``."""
    for number in range(count):
        suggestion = study.suggest(accept)
        study.admit(suggestion, number, 1.0, protected=False, audited=number in audited)
        study.report(number, 0, number / 100)
        if number in audited:
            study.finish(number, order(number / 100))
    return [number for number in range(count) if number not in audited]


@pytest.mark.parametrize(
    ("audited", "order", "leaving"),
    [
        (range(8), lambda score: score, 6),
        (range(7), lambda score: score, 11),
        (range(8), lambda score: 1 - score, 10),
    ],
)
def test_scores_prune_only_once_the_audit_has_proved_them(audited, order, leaving):
    study = new_study(pruner="pareto", sampler="random")
    waiting = scored(study, 18, order, audited)
    found = study.promotable(dict.fromkeys(waiting, 0))
    assert len(found) == leaving
    if leaving < len(waiting):
        assert {14, 15, 16, 17} < set(found)  # by rank, at equal cost; the surrogate picks two


def test_who_may_go_on_is_decided_anew_when_one_report_in_a_hundred_came(monkeypatch):
    space, decisions = SearchSpace.from_dict(SPACE), []
    drawn = [space.sample_uniform(random.Random(n)) for n in range(250)]
    past = [
        History(n, space.params_of(each), "waiting", 1.0 + n, {1: 0.5 + n / 1000}, False)
        for n, each in enumerate(drawn)
    ]
    study = new_study(pruner="pareto", history=past)
    decide = study._pruner.promotable
    monkeypatch.setattr(
        study._pruner, "promotable", lambda *given: decisions.append(1) or decide(*given)
    )
    waiting = dict.fromkeys(range(250), 1)
    first = study.promotable(waiting)
    assert study.promotable(waiting) == first
    study.report(0, 3, 0.6)
    assert study.promotable(waiting) == first
    assert len(decisions) == 1
    del waiting[first[0]]
    assert study.promotable(waiting) == first[1:]
    study.report(1, 3, 0.6)
    study.promotable(waiting)
    assert len(decisions) == 2
    study.report(2, 3, 0.6)
    study.promotable(waiting, now=True)
    assert len(decisions) == 3

import itertools
import math

import pytest
from ray import cloudpickle
from ray.tune.search import ConcurrencyLimiter

from nas.tune import ExactCost, KnownCostSearch, ParetoScheduler, architecture_of
from search_spaces.architecture import Architecture
from search_spaces.space import SearchSpace


def searcher(param_space, shape, **options):
    made = KnownCostSearch(ExactCost(shape), epochs=3, **options)
    assert made.set_search_properties("accuracy", "max", param_space)
    return made


def study_of(made):
    return made._record.optuna_study


def accuracy(config):
    """SE in the last stage helps; so do width and depth."""
    found = 0.5 + config["backbone.width"] / 100 + config["backbone.depth"] / 200
    return found + 0.1 * (config["stage3.type"] == "se")


def run(made, ids, space, until=3):
    """Tries each id and reports to its end; the configs."""
    configs = []
    for trial_id in ids:
        config = {"space": space, **made.suggest(trial_id)}
        configs.append(config)
        for time in range(1, until + 1):
            result = {"accuracy": accuracy(config), "training_iteration": time}
            made.on_trial_result(trial_id, result)
        made.on_trial_complete(trial_id, result)
    return configs


def test_results_are_told_with_the_cost_that_was_known(param_space, shape):
    made = searcher(param_space, shape)
    configs = run(made, "abc", param_space["space"])
    trials = study_of(made).trials
    assert [t.values for t in trials] == [[accuracy(c), ExactCost(shape)(c)] for c in configs]
    assert trials[0].user_attrs["rung:2"] == accuracy(configs[0])
    assert [t.state.name for t in trials] == ["COMPLETE"] * 3


def test_every_architecture_is_suggested_once_then_the_search_ends(param_space, shape):
    made = searcher(param_space, shape)
    hashes = set()
    for number in itertools.count():
        suggestion = made.suggest(str(number))
        if suggestion == KnownCostSearch.FINISHED:
            break
        config = {"space": param_space["space"], **suggestion}
        assert config.keys() == param_space.keys()
        hashes.add(architecture_of(config).hash)
        made.on_trial_complete(str(number), {"accuracy": 0.1, "training_iteration": 3})
    assert number == len(hashes) == 64


def test_the_best_of_a_small_space_is_found_early(param_space, shape):
    made = searcher(param_space, shape)
    configs = run(made, map(str, range(20)), param_space["space"])
    assert max(map(accuracy, configs)) == pytest.approx(0.5 + 0.08 + 0.07 + 0.1)


def test_stopped_failed_and_diverged_trials_are_told_apart(param_space, shape):
    made = searcher(param_space, shape)
    for trial_id in "abcde":
        made.suggest(trial_id)
    made.on_trial_result("a", {"accuracy": 0.4, "training_iteration": 1})
    made.on_trial_complete("a")
    made.on_trial_complete("b", {"accuracy": 0.4, "training_iteration": 2})
    made.on_trial_complete("c", None, error=True)
    made.on_trial_complete("d", {"accuracy": math.nan, "training_iteration": 3})
    made.on_trial_complete("d", {"accuracy": 0.5, "training_iteration": 3})
    states = [
        (t.state.name, t.user_attrs.get("rung:1"), dict(t.constraints))
        for t in study_of(made).trials
    ]
    assert states == [
        ("PRUNED", 0.4, {}),
        ("PRUNED", None, {}),
        ("PRUNED", None, {"failed": 1.0}),
        ("PRUNED", None, {"failed": 1.0}),
        ("RUNNING", None, {}),
    ]
    assert study_of(made).trials[1].user_attrs["rung:2"] == 0.4


def test_points_come_first_and_once(param_space, section, shape):
    space = SearchSpace.from_dict(section)
    plain = [Architecture.of(backbone, {}, space.start) for backbone in space.backbones]
    made = searcher(param_space, shape, points_to_evaluate=[*plain, plain[0]])
    configs = run(made, "abcdefgh", param_space["space"])
    found = [architecture_of(config) for config in configs]
    assert found[:4] == plain
    assert len(set(found)) == 8


def test_a_limiter_counts_what_runs_not_what_waits(param_space, shape):
    made = KnownCostSearch(ExactCost(shape))
    limited = ConcurrencyLimiter(made, 2)
    limited.set_search_properties("accuracy", "max", param_space)
    assert limited.suggest("a") and limited.suggest("b")
    assert limited.suggest("c") is None
    limited.on_pause("a")
    assert limited.suggest("c")
    limited.on_unpause("a")
    assert limited.suggest("d") is None
    limited.on_trial_complete("a")
    limited.on_trial_complete("b", {"accuracy": 0.5, "training_iteration": 1})
    assert limited.suggest("d")


def test_what_is_not_allowed_is_not_suggested(param_space, shape):
    made = searcher(param_space, shape, allowed=lambda config: config["backbone.width"] == 4)
    configs = run(made, map(str, range(12)), param_space["space"])
    assert {config["backbone.width"] for config in configs} == {4}


def test_a_restored_one_knows_all_that_was_tried(tmp_path, param_space, shape):
    made = searcher(param_space, shape)
    before = run(made, "abcdef", param_space["space"])
    before.append({"space": param_space["space"], **made.suggest("running")})
    before.append({"space": param_space["space"], **made.suggest("paused")})
    made.on_trial_result("running", {"accuracy": 0.3, "training_iteration": 1})
    made.on_pause("paused")
    path = str(tmp_path / "state.pkl")
    made.save(path)

    fresh = cloudpickle.loads(cloudpickle.dumps(KnownCostSearch(ExactCost(shape), epochs=3)))
    fresh.restore(path)
    seen = [(t.params, t.values, t.state, t.user_attrs) for t in study_of(made).trials]
    assert [(t.params, t.values, t.state, t.user_attrs) for t in study_of(fresh).trials] == seen
    assert (fresh.metric, fresh.mode) == ("accuracy", "max")
    fresh.on_trial_complete("running", {"accuracy": 0.7, "training_iteration": 3})
    assert study_of(fresh).trials[6].values[0] == 0.7
    after = run(fresh, "ghijkl", param_space["space"])
    assert len({architecture_of(config).hash for config in before + after}) == 14


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cost": None}, "cost is None; KnownCostSearch needs a function"),
        (
            {"metric": ["accuracy", "flops"], "mode": "max"},
            "allowed: one name, that of the accuracy",
        ),
        (
            {"metric": "accuracy", "mode": "maximum"},
            "mode is 'maximum' in KnownCostSearch; allowed",
        ),
        ({"epochs": 0}, "epochs is 0; allowed: integers from 1"),
        ({"seed": -1}, "seed is -1"),
        ({"cost_direction": "down"}, "cost_direction is 'down'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        KnownCostSearch(**{"cost": len, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cost": 3.5}, "cost is 3.5; ParetoScheduler needs a function"),
        ({"metric": ["accuracy"], "mode": ["max"]}, "in ParetoScheduler; allowed: one name"),
        ({"rungs": (3, 1)}, r"rungs are \[3, 1\]"),
        ({"reduction": 1}, "reduction is 1"),
    ],
)
def test_the_scheduler_refuses_what_makes_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        ParetoScheduler(**{"cost": len, "rungs": (1, 3), **options})


def test_metric_mode_and_space_are_missed_or_contradicted(param_space, shape):
    cost = ExactCost(shape)
    with pytest.raises(ValueError, match="KnownCostSearch has no metric; write"):
        KnownCostSearch(cost).set_search_properties(None, None, param_space)
    with pytest.raises(ValueError, match="has no mode"):
        KnownCostSearch(cost).set_search_properties("accuracy", None, param_space)
    with pytest.raises(
        ValueError, match="metric is 'loss' in KnownCostSearch, but 'accuracy' in T"
    ):
        KnownCostSearch(cost, "loss", "min").set_search_properties("accuracy", "max", param_space)
    with pytest.raises(ValueError, match="KnownCostSearch has no space"):
        KnownCostSearch(cost, "loss", "min").suggest("a")


def test_a_cost_that_is_no_number_is_refused(param_space):
    made = KnownCostSearch(lambda config: None)
    made.set_search_properties("accuracy", "max", param_space)
    with pytest.raises(ValueError, match="it must be a finite number"):
        made.suggest("a")

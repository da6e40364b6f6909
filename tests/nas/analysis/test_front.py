import json

import pytest

from nas.analysis.front import front
from nas.pareto import hypervolume


def numbers(found):
    return [point.trial for point in found.points]


def test_the_front_holds_what_nothing_dominates_by_rising_cost(store, add_job):
    found = front(store, add_job(store))
    # 2 (se everywhere) is worse and dearer than 4; 1 is worse than 4 but cheaper; 5 and 6 ended.
    assert numbers(found) == [0, 3, 1, 4]
    assert [point.kind for point in found.points] == ["baseline", "search", "baseline", "search"]


def test_hypervolume_is_of_the_finished_trials_against_the_jobs_reference(store, add_job):
    found = front(store, add_job(store))
    accuracy, cost = [0.9, 0.93, 0.94, 0.96], [1e6, 1.05e6, 4e6, 4.04e6]
    assert found.hypervolume == pytest.approx(hypervolume(accuracy, cost, 0.1, 8e6))


def test_without_a_reference_cost_there_is_no_hypervolume(store, add_job):
    job = add_job(store, details={"reference": {"accuracy": 0.1, "cost": None}})
    assert front(store, job).hypervolume is None


def test_statistics_are_of_the_further_seeds_alone(store, add_job):
    entry = {"flops": 1000, "accuracy": 0.99, "test": 0.98}
    repeats = [(1, 0.90, 0.80), (2, 0.92, 0.82), (3, 0.94, 0.84)]
    (point,) = front(store, add_job(store, [entry | {"repeats": repeats}])).points
    assert point.accuracy == 0.99
    assert (point.seeds, point.test_runs) == (3, 3)
    assert point.accuracy_mean == pytest.approx(0.92)
    assert point.accuracy_sd == pytest.approx(0.02)
    half = 4.302653 * 0.02 / 3**0.5  # Student's t, two degrees of freedom
    assert point.accuracy_low == pytest.approx(0.92 - half)
    assert point.accuracy_high == pytest.approx(0.92 + half)
    assert point.test_accuracy == pytest.approx(0.82)


def test_one_further_seed_has_a_mean_but_no_interval(store, add_job):
    entry = {"flops": 1000, "accuracy": 0.99, "repeats": [(1, 0.9, None)]}
    (point,) = front(store, add_job(store, [entry])).points
    assert (point.accuracy_mean, point.accuracy_sd, point.accuracy_low) == (0.9, None, None)
    assert (point.test_accuracy, point.test_runs) == (None, 0)


def test_without_repeats_the_searched_runs_test_accuracy_is_shown(store, add_job):
    job = add_job(store, [{"flops": 1000, "accuracy": 0.9, "test": 0.8}])
    (point,) = front(store, job).points
    assert (point.seeds, point.accuracy_mean) == (0, None)
    assert (point.test_accuracy, point.test_runs) == (0.8, 1)


def test_repeats_are_never_points_of_their_own(store, add_job):
    entry = {"flops": 1000, "accuracy": 0.9, "repeats": [(1, 0.99, None)]}
    assert numbers(front(store, add_job(store, [entry]))) == [0]


def test_the_jobs_own_objective_counts(store, add_job):
    trials = [
        {"flops": 10, "parameters": 900, "accuracy": 0.9},
        {"flops": 20, "parameters": 100, "accuracy": 0.9},
    ]
    assert numbers(front(store, add_job(store, trials, name="a"))) == [0]
    assert numbers(front(store, add_job(store, trials, name="b", objective="parameters"))) == [1]


def test_a_trial_without_a_measured_latency_is_left_out(store, add_job):
    trials = [
        {"flops": 10, "latency_ms": None, "accuracy": 0.99},
        {"flops": 20, "latency_ms": 1.5, "accuracy": 0.9},
    ]
    assert numbers(front(store, add_job(store, trials, objective="latency_ms"))) == [1]


def test_a_trial_over_a_limit_is_left_out(store, add_job):
    job = add_job(store)
    job.spec["cost"]["limits"] = {"forward_flops": 1_500_000, "latency_ms": None}
    assert numbers(front(store, job)) == [0, 3]


def test_a_job_without_trials_has_an_empty_front(store, add_job):
    found = front(store, add_job(store, [], budget=3))
    assert (found.points, found.hypervolume) == ((), 0.0)


def test_the_json_has_the_keys_that_others_read(store, add_job):
    data = json.loads(json.dumps(front(store, add_job(store)).to_dict(), allow_nan=False))
    assert set(data) == {"job", "objective", "reference", "hypervolume", "points"}
    point = data["points"][1]
    assert {"trial", "kind", "label", "accuracy", "parameters", "forward_flops"} <= set(point)
    assert {"latency_ms", "seeds", "accuracy_mean", "accuracy_low", "accuracy_high"} <= set(point)
    assert point["architecture"]["attention"] == {"stage3.pre_add": {"type": "cbam", "ratio": 4}}

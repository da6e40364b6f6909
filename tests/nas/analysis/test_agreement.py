import pytest

from nas.analysis.agreement import search_against_retrain
from nas.analysis.verdict import verdict


def job_of(store, add_job, pairs):
    """Trials by searched accuracy and mean of two repeats."""
    trials = [
        {"flops": 10 + i, "accuracy": a, "repeats": [(1, m - 0.001, None), (2, m + 0.001, None)]}
        for i, (a, m) in enumerate(pairs)
    ]
    return add_job(store, trials)


def agreement(store, job):
    trials = store.trials.list(job.id)
    runs = {}
    for trial in trials:
        if trial.origin is not None:
            runs.setdefault(trial.origin, {})[trial.seed] = trial.accuracy
    return search_against_retrain(trials, runs)


def test_by_hand(store, add_job):
    job = job_of(store, add_job, [(0.7, 0.7), (0.8, 0.9), (0.9, 0.8), (0.95, 0.95)])
    found = agreement(store, job)
    assert found.tau.value == pytest.approx(4 / 6)  # five pairs agree, one doesn't
    assert (found.tau.low, found.trials) == (None, 4)
    assert "agrees with that of their further seeds' test accuracies" in found.sentence("test")


def test_an_interval_from_eight_trials_on_and_both_signs(store, add_job):
    job = job_of(store, add_job, [(0.5 + i / 20, 0.9 - i / 20) for i in range(8)])
    found = agreement(store, job)
    assert (found.tau.value, found.tau.low, found.tau.high) == (-1, -1, -1)
    assert "hardly agrees" in found.sentence("test")
    assert "−1.00, −1.00 to −1.00" in found.sentence("test")


def test_few_repeats_say_nothing_of_an_order(store, add_job):
    assert agreement(store, job_of(store, add_job, [(0.7, 0.7), (0.8, 0.9)])) is None


def test_the_report_prints_it(store, add_job):
    job = job_of(store, add_job, [(0.7, 0.7), (0.8, 0.8), (0.9, 0.9)])
    made = verdict(store, job)
    assert made.to_dict()["agreement"] == {"tau": 1.0, "low": None, "high": None, "trials": 3}
    assert any("Kendall's rank correlation 1.00" in line for line in made.measured)

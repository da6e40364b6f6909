from dataclasses import replace

import pytest

from nas.analysis.inherited import inherited
from nas.analysis.summary import epochs, job_summary
from nas.analysis.verdict import verdict
from nas.tracking.values import trial_points


def add_scores(store, job, scores):
    """Record a score of two epochs for each of these trials."""
    reports = store.trials.reports(job.id)
    for number, accuracy in scores.items():
        trial = store.trials.get(job.id, number)
        row = replace(
            reports[trial.id][0],
            epoch=0,
            validation_accuracy=accuracy,
            train_loss=(0.4, 0.3),
            checkpoint="",
        )
        assert store.trials.report(trial, row, trial.state)


@pytest.fixture
def job(store, add_job):
    """Two backbones; accuracy rises with the trial within each."""
    entries = [
        {"flops": 1000 + n, "accuracy": 0.5 + n / 100 + (n % 2) / 5, "width": (4, 8)[n % 2]}
        for n in range(10)
    ]
    return add_job(store, [*entries, {"flops": 99, "accuracy": 0.4, "epoch": 3}])


def seen(store, job):
    return inherited(store.trials.list(job.id), store.trials.reports(job.id), 12)


def test_without_scores_there_is_nothing_to_say(store, job):
    assert seen(store, job) is None


def test_the_correlation_is_over_the_trials_seen_at_both(store, job):
    add_scores(store, job, {n: 0.5 + n / 100 for n in (0, 2, 4, 6, 8, 10)})
    found = seen(store, job)
    assert (found.scored, found.trials, found.epochs) == (6, 5, 12)
    assert found.tau.value == 1.0
    assert found.tau.low is None  # too few for an interval
    assert found.within == 1.0


def test_what_the_backbone_says_is_told_apart_from_what_attention_says(store, job):
    # Scores rank the backbones rightly and the attention on each wrongly.
    add_scores(store, job, {n: 0.6 - n / 100 + (n % 2) / 5 for n in range(10)})
    found = seen(store, job)
    assert found.tau.value > 0
    assert found.within == -1.0
    assert found.tau.low <= found.tau.value <= found.tau.high
    assert "within one backbone −1.00" in found.sentence(12)


def test_too_few_are_not_compared(store, job):
    add_scores(store, job, {0: 0.5, 10: 0.4})
    found = seen(store, job)
    assert (found.tau, found.within) == (None, None)
    assert "Too few of them" in found.sentence(12)
    assert found.to_dict()["tau"] is None


def test_scores_are_epochs_that_were_trained_and_no_rung(store, job):
    before = job_summary(store, job)["epochs"]
    add_scores(store, job, {0: 0.5, 1: 0.6, 10: 0.4})
    after = job_summary(store, job)["epochs"]
    assert after["inherited"] == 6
    assert after["trained"] == before["trained"] + 6
    assert after["without_pruning"] == before["without_pruning"]
    assert after["saved_share"] < before["saved_share"]
    trial = store.trials.get(job.id, 0)
    assert (trial.epoch, trial.accuracy) == (12, pytest.approx(0.5))
    points = trial_points(trial, store.trials.reports(job.id)[trial.id])
    assert [p.value for p in points if p.key == "inherited_accuracy"] == [0.5]
    assert {p.step for p in points if p.key == "validation_accuracy"} == {3, 6, 12}


def test_scores_may_cost_more_than_pruning_saves():
    assert epochs([], 12, 0, 5)["saved_share"] == 0.0


def test_the_report_says_it(store, job):
    add_scores(store, job, {n: 0.5 + n / 100 for n in range(10)})
    spec = {**job.spec, "search": {**job.spec["search"], "inherit": True}}
    found = verdict(store, replace(job, spec=spec))
    assert found.to_dict()["inherited"]["trials"] == 10
    assert any("Inherited weights: 10 trials" in line for line in found.measured)
    assert verdict(store, job).inherited is None

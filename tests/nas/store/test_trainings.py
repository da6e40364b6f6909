from dataclasses import replace

import pytest

from nas.store.tallies import Reused
from tests.nas.store.conftest import NEW


@pytest.fixture
def other(store):
    return store.jobs.create("second", {"name": "second"}, {"rungs": [1, 2]})


def test_a_training_is_found_in_any_job_by_hash_and_epoch(store, other, trial, row):
    store.trials.report(trial, row, "waiting")
    (found,) = store.trainings.of(trial.hash, 1)
    assert (found.trial_id, found.source) == (trial.id, "first:0")
    assert found.reports == (row,)
    assert store.trainings.of(trial.hash, 2) == []
    assert store.trainings.of("b" * 32, 1) == []


def test_reports_beyond_the_rung_are_left_out(store, trial, row):
    store.trials.report(trial, row, "waiting")
    store.trials.report(trial, replace(row, epoch=2), "done")
    assert [r.epoch for r in store.trainings.of(trial.hash, 1)[0].reports] == [1]
    assert [r.epoch for r in store.trainings.of(trial.hash, 2)[0].reports] == [1, 2]


def test_what_was_really_trained_comes_before_what_was_taken_from_it(store, other, trial, row):
    store.trials.report(trial, replace(row, cached_from="second:0"), "done")
    original = store.trials.add(other.id, 0, NEW)
    store.trials.report(original, replace(row, trial_id=original.id), "done")
    found = store.trainings.of(NEW.hash, 1)
    assert [f.trial_id for f in found] == [original.id, trial.id]
    assert {f.source for f in found} == {"second:0"}


def test_the_test_accuracy_of_any_record_of_it(store, other, trial):
    assert store.trainings.test_accuracy(trial.hash) is None
    copy = store.trials.add(other.id, 0, NEW)
    store.trials.set_test_accuracy(copy, 0.75)
    assert store.trainings.test_accuracy(trial.hash) == 0.75


def test_reused_reports_are_told_apart_and_not_charged(store, job, other, trial, row):
    store.trials.report(trial, row, "done")
    assert store.tallies.of(job.id).reused == Reused()
    copy = store.trials.add(other.id, 0, NEW)
    taken = replace(row, trial_id=copy.id, cached_from="first:0", train_loss=(3.0, 2.0))
    store.trials.report(copy, taken, "done")
    repeat = store.trials.add(other.id, 1, replace(NEW, kind="finalist", hash="c" * 32))
    store.trials.report(repeat, replace(taken, trial_id=repeat.id), "done")
    assert store.tallies.of(other.id).reused == Reused(2, 4, 2, pytest.approx(2.2))
    assert store.tallies.of(other.id).worker_seconds == 0
    assert store.jobs.events(other.id)[-1].data["cached_from"] == "first:0"

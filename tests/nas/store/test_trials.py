from dataclasses import fields, replace

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from nas.errors import NotFound
from nas.store import schema
from nas.store.records import Result
from tests.nas.store.conftest import NEW


def test_what_add_gives_is_what_is_stored(store, job, trial):
    assert store.trials.list(job.id) == [trial]
    assert store.trials.get(job.id, 0) == trial
    assert (trial.state, trial.epoch, trial.accuracy) == ("running", 0, None)


def test_the_same_training_can_not_be_recorded_twice_in_a_job(store, job, trial):
    with pytest.raises(IntegrityError):
        store.trials.add(job.id, 1, NEW)
    assert len(store.trials.list(job.id)) == 1


def test_an_unknown_state_is_refused_by_the_database(store, trial):
    with pytest.raises(IntegrityError):
        store.trials.set_state(trial, "sleeping")


def test_a_report_moves_its_trial_in_the_same_transaction(store, job, trial, row):
    assert store.trials.report(trial, row, "waiting")
    now = store.trials.get(job.id, 0)
    assert (now.state, now.epoch, now.accuracy, now.finished_ms) == ("waiting", 1, 0.5, None)
    assert store.trials.reports(job.id) == {trial.id: [row]}
    assert store.jobs.events(job.id)[-1].data == {
        "number": 0,
        "epoch": 1,
        "accuracy": 0.5,
        "state": "waiting",
    }


def test_who_follows_hears_what_a_searched_trial_costs_when_it_is_done(store, job, trial, row):
    repeat = store.trials.add(job.id, 1, replace(NEW, kind="finalist", origin=0, hash="b" * 32))
    store.trials.report(trial, row, "done")
    store.trials.report(repeat, replace(row, trial_id=repeat.id), "done")
    first, second = (e.data for e in store.jobs.events(job.id) if e.kind == "report")
    assert {name: first[name] for name in trial.costs()} == trial.costs()
    assert "forward_flops" not in second


def test_a_second_arrival_of_a_report_changes_nothing(store, job, trial, row):
    store.trials.report(trial, row, "waiting")
    before = store.trials.get(job.id, 0), store.jobs.events(job.id)
    late = replace(row, validation_accuracy=0.9, worker="another")
    assert not store.trials.report(trial, late, "done")
    assert (store.trials.get(job.id, 0), store.jobs.events(job.id)) == before


def test_reports_come_by_trial_and_epoch(store, job, trial, row):
    other = store.trials.add(job.id, 1, replace(NEW, hash="b" * 32))
    store.trials.report(trial, replace(row, epoch=2), "done")
    store.trials.report(other, replace(row, trial_id=other.id), "waiting")
    store.trials.report(trial, row, "waiting")
    found = store.trials.reports(job.id)
    assert [each.epoch for each in found[trial.id]] == [1, 2]
    assert [each.epoch for each in found[other.id]] == [1]


def test_ended_states_stamp_the_end(store, job, trial):
    store.trials.set_state(trial, "failed", "out_of_memory: too large")
    ended = store.trials.get(job.id, 0)
    assert (ended.state, ended.reason) == ("failed", "out_of_memory: too large")
    assert ended.finished_ms is not None


def test_counts_leave_finalists_out(store, job, trial):
    repeat = replace(NEW, kind="finalist", origin=0, seed=1, hash="c" * 32)
    store.trials.add(job.id, 1, repeat)
    assert store.trials.counts() == {job.id: {"running": 1}}


def test_attempts_and_test_accuracy(store, job, trial):
    store.trials.count_attempt(trial)
    store.trials.count_attempt(trial)
    store.trials.set_test_accuracy(trial, 0.75)
    now = store.trials.get(job.id, 0)
    assert (now.attempts, now.test_accuracy) == (2, 0.75)


def test_attempts_are_counted_anew_after_a_report_and_when_a_trial_is_reopened(
    store, job, trial, row
):
    store.trials.count_attempt(trial)
    store.trials.report(trial, row, "waiting")
    assert store.trials.get(job.id, 0).attempts == 0
    store.trials.count_attempt(trial)
    store.trials.set_state(trial, "failed", "lost 3 times")
    store.trials.reopen(trial, "waiting")
    again = store.trials.get(job.id, 0)
    assert (again.state, again.reason, again.attempts, again.finished_ms) == (
        "waiting",
        "",
        0,
        None,
    )


def test_an_unknown_trial_is_named(store, job, trial):
    with pytest.raises(NotFound, match="no trial '7'; they go from 0 to"):
        store.trials.get(job.id, 7)


def test_what_is_drawn_of_a_trial_is_kept_with_it_and_goes_with_it(store, job):
    with_drawing = store.trials.add(job.id, 0, NEW, {"stages": [1, 2]})
    without = store.trials.add(job.id, 1, replace(NEW, hash="b" * 32))
    assert store.trials.subject(with_drawing.id) == {"stages": [1, 2]}
    assert store.trials.subject(without.id) is None
    with store.engine.begin() as connection:
        connection.execute(delete(schema.jobs))
    assert store.trials.subject(with_drawing.id) is None


def test_results_and_single_trials_are_those_of_the_list(store, add_job):
    job = add_job(store)
    every = store.trials.list(job.id)
    names = [field.name for field in fields(Result)]
    assert store.trials.results(job.id) == [
        Result(**{name: getattr(trial, name) for name in names}) for trial in every
    ]
    assert store.trials.numbered(job.id, [4, 1, 99]) == [every[1], every[4]]
    assert store.trials.architectures(job.id) == [trial.architecture for trial in every]

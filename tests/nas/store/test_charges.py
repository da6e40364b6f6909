from typing import get_args

import pytest
from sqlalchemy.exc import IntegrityError

from nas.store import records, schema


def test_words_are_the_same_in_python_and_sql():
    assert get_args(records.Work) == schema.WORKS
    assert get_args(records.Outcome) == schema.OUTCOMES
    assert get_args(records.Purpose) == schema.PURPOSES


def test_a_charge_is_open_while_its_task_runs_and_says_then_what_it_took(store, job):
    drive = store.charges.begin_drive(job.id)
    key = store.charges.open(job.id, 3, "train", 2, 0.5)
    store.charges.beat(drive, 1.0)
    (charge,) = store.charges.list(job.id)
    assert (charge.outcome, charge.number, charge.epochs) == ("running", 3, 0)
    assert 0.5 < charge.seconds <= 1.0
    store.charges.close(key, "ok", 7.5, 4)
    (charge,) = store.charges.list(job.id)
    assert (charge.outcome, charge.seconds, charge.epochs) == ("ok", 7.5, 4)
    assert (charge.work, charge.cpus, charge.gpus) == ("train", 2, 0.5)


def test_what_a_killed_driver_left_open_is_lost_up_to_its_last_sign_of_life(store, job):
    first = store.charges.begin_drive(job.id)
    store.charges.open(job.id, 0, "train", 1, 0)
    store.charges.beat(first, 5.0)
    late = store.charges.open(job.id, 1, "latency", 1, 0)
    store.charges.begin_drive(job.id)
    before, after = store.charges.list(job.id)
    assert (before.outcome, after.outcome) == ("lost", "lost")
    assert before.seconds == pytest.approx(5.0, abs=0.5)
    assert after.id == late
    assert 0 <= after.seconds <= 5.0


def test_wall_clock_is_the_sum_of_all_drives_of_the_job(store, job):
    other = store.jobs.create("other", {}, {})
    for seconds in (3.0, 4.0):
        store.charges.beat(store.charges.begin_drive(job.id), seconds)
    store.charges.beat(store.charges.begin_drive(other.id), 9.0)
    store.charges.beat(store.charges.begin_drive(job.id, "retrain"), 5.0)
    assert store.charges.driven_seconds(job.id) == 7.0
    assert store.charges.driven_seconds(99) == 0.0


def test_unknown_words_are_refused_by_the_database(store, job):
    with pytest.raises(IntegrityError):
        store.charges.open(job.id, 0, "sleep", 1, 0)
    key = store.charges.open(job.id, None, "latency", 1, 0)
    with pytest.raises(IntegrityError):
        store.charges.close(key, "forgotten", 1.0)


def test_the_worker_is_known_once_it_answered(store, job):
    store.charges.begin_drive(job.id)
    key = store.charges.open(job.id, 3, "train", 1, 0)
    store.charges.close(key, "failed", 1.0, worker="host:7")
    store.charges.open(job.id, 3, "train", 1, 0)
    assert [charge.worker for charge in store.charges.list(job.id)] == ["host:7", ""]


def test_the_latest_charges_are_those_of_all_jobs_and_whatever_runs(store, job):
    other = store.jobs.create("other", {}, {})
    drive = store.charges.begin_drive(other.id)
    running = store.charges.open(other.id, 0, "train", 1, 0)
    store.charges.beat(drive, 5.0)
    keys = [store.charges.open(job.id, n, "train", 1, 0) for n in range(3)]
    for key in keys:
        store.charges.close(key, "ok", 1.0, 1)
    assert [charge.id for charge in store.charges.latest(2)] == keys[1:]
    found = store.charges.latest(10, after_ms=store.charges.list(job.id)[-1].started_ms + 10_000)
    assert [charge.id for charge in found] == [running]
    assert found[0].seconds == pytest.approx(5.0, abs=0.5)

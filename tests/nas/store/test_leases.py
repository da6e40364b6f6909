from dataclasses import replace

import pytest

from nas.errors import LeaseLost, WrongState
from nas.store.records import ReportRow
from nas.store.transactions import Lease


def test_one_holder_at_a_time(store, job):
    store.leases.take(job.id, "first")
    with pytest.raises(WrongState, match="by first"):
        store.leases.take(job.id, "second")


def test_a_stale_lease_changes_hands_once(store, job):
    old = store.leases.take(job.id, "first")
    new = store.leases.take(job.id, "second", old)
    with pytest.raises(WrongState):
        store.leases.take(job.id, "third", old)
    assert store.leases.of(job.id) == new
    with pytest.raises(LeaseLost):
        store.leases.beat(old.lease)


def test_a_sign_of_life_in_the_last_moment_keeps_the_lease(store, job):
    old = store.leases.take(job.id, "first")
    store.leases.beat(old.lease)
    with pytest.raises(WrongState):
        store.leases.take(job.id, "second", old)


def test_who_lost_the_lease_can_write_nothing_more(store, job, trial, row):
    old = store.leases.take(job.id, "first")
    late = store.under(old.lease, 0.0)
    store.leases.take(job.id, "second", old)
    before = store.jobs.events(job.id)
    writes = [
        lambda: late.trials.report(trial, row, "waiting"),
        lambda: late.trials.set_state(trial, "failed"),
        lambda: late.trials.count_attempt(trial),
        lambda: late.trials.set_test_accuracy(trial, 0.5),
        lambda: late.jobs.set_state(job.id, "done"),
        lambda: late.jobs.add_details(job.id, {"a": 1}),
        lambda: late.charges.open(job.id, 0, "train", 1, 0),
        lambda: late.charges.begin_drive(job.id),
    ]
    for write in writes:
        with pytest.raises(LeaseLost):
            write()
    assert store.jobs.events(job.id) == before
    assert store.trials.get(job.id, 0) == trial
    assert store.charges.list(job.id) == []


def test_a_beat_brings_what_the_driver_is_asked_for(store, job):
    held = store.leases.take(job.id, "first")
    assert store.leases.beat(held.lease) == ""
    store.jobs.ask(job.id, "pause")
    assert store.leases.beat(held.lease) == "pause"
    store.jobs.set_state(job.id, "paused")
    assert store.jobs.get("first").request == ""


def test_released_leases_are_free_and_a_foreign_release_does_nothing(store, job):
    held = store.leases.take(job.id, "first")
    store.leases.release(Lease(job.id, "another"))
    assert store.leases.of(job.id) == held
    store.leases.release(held.lease)
    assert store.leases.of(job.id) is None


def test_takeovers_count_only_while_nothing_is_reported(store, job, trial, row):
    held = store.leases.take(job.id, "a")
    assert held.takeovers == 0
    held = store.leases.take(job.id, "b", held)
    assert held.takeovers == 1
    held = store.leases.take(job.id, "c", held)
    assert held.takeovers == 2
    store.jobs.set_state(job.id, "running")
    store.trials.report(trial, row, "waiting")
    assert store.leases.take(job.id, "d", held).takeovers == 1


def test_a_report_is_our_own_if_it_came_twice(store, job, trial, row):
    assert store.trials.report(trial, row, "waiting")
    assert store.trials.report(trial, row, "waiting")
    other = replace(row, worker="another", validation_accuracy=0.9)
    assert not store.trials.report(trial, other, "waiting")
    (recorded,) = store.trials.reports(job.id)[trial.id]
    assert isinstance(recorded, ReportRow)
    assert recorded.worker == row.worker


def test_dispatchers_come_and_go(store):
    store.leases.appear("d1", 2)
    store.leases.appear("d1", 3)
    (found,) = store.leases.dispatchers()
    assert (found.holder, found.slots) == ("d1", 3)
    store.leases.leave("d1")
    assert store.leases.dispatchers() == []

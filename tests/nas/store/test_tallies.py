"""Numbers of many jobs at once, on both databases."""

from dataclasses import replace

import pytest

from nas.store.tallies import Charged, Group, Tally
from tests.nas.store.conftest import NEW


def test_a_job_without_anything_has_no_numbers(store, job):
    found = store.tallies.of(job.id)
    assert found == Tally(last_event=store.jobs.last_event(job.id))


def test_jobs_are_told_apart(store, job, trial, row):
    other = store.jobs.create("second", {}, {"rungs": [1]})
    store.trials.report(trial, row, "waiting")
    for number, kind in enumerate(("search", "finalist")):
        store.trials.add(other.id, number, replace(NEW, kind=kind, hash=kind))
    found = store.tallies.each([job.id, other.id])
    assert found[job.id].groups == (Group("search", "waiting", False, 1, 1),)
    assert set(found[other.id].groups) == {
        Group("search", "running", False, 1, 0),
        Group("finalist", "running", False, 1, 0),
    }
    assert found[job.id].worker_seconds == pytest.approx(1.1)
    assert found[other.id].worker_seconds == 0
    assert found[other.id].last_event == store.jobs.last_event(other.id)


def test_charges_are_summed_without_what_was_retrained(store, job):
    store.charges.begin_drive(job.id)
    for work, epochs in (("train", 2), ("test", 0), ("retrain", 7)):
        charge = store.charges.open(job.id, 0, work, 2.0, 0.5)
        store.charges.close(charge, "ok", 10.0, epochs)
    assert store.tallies.of(job.id).charged == Charged(2, 40.0, 10.0, False)
    store.charges.open(job.id, 0, "train", 2.0, 0.5)
    assert store.tallies.of(job.id).charged.running


def test_the_lease_and_the_time_driven_are_there(store, job):
    held = store.leases.take(job.id, "here/1/1")
    drive = store.charges.begin_drive(job.id)
    store.charges.beat(drive, 7.0)
    again = store.charges.begin_drive(job.id, "retrain")
    store.charges.beat(again, 9.0)
    found = store.tallies.of(job.id)
    assert (found.holding, found.driven_seconds) == (held, 7.0)


def test_what_is_not_there_has_no_numbers_either(store):
    assert store.tallies.each([99]) == {99: Tally()}

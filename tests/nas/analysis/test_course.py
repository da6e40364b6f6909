from dataclasses import replace

import pytest

from nas.analysis.course import course_of
from nas.store.records import Charge


def charge(number, start_s, seconds, *, work="train", outcome="ok"):
    return Charge(0, 1, number, work, outcome, round(1000 * start_s), seconds, 1, 0, 0)


@pytest.fixture
def followed(store, add_job):
    """Two trained to the end, one pruned at the first rung, a repeat; a second apart each."""
    trials = [
        {"flops": 2_000_000, "accuracy": 0.8, "repeats": [(1, 0.7, None)]},
        {"flops": 4_000_000, "accuracy": 0.5, "epoch": 3},
        {"flops": 1_000_000, "accuracy": 0.9},
    ]
    job = add_job(store, trials)
    found = store.trials.list(job.id)
    reports = {
        key: [replace(row, created_ms=1000 * (10 * place + row.epoch)) for row in rows]
        for place, (key, rows) in enumerate(store.trials.reports(job.id).items())
    }
    return job, found, reports


def test_what_was_spent_is_all_that_the_search_had_trained_by_then(followed):
    course = course_of(*followed, [])
    # Three reports of three epochs each; the pruned trial's one counts for who comes after it.
    assert [(s.trial.number, s.epochs) for s in course.steps] == [(0, 9), (2, 21)]
    assert course.epochs == 21
    assert [t.number for t in course.within(20, "epochs")] == [0]
    assert [t.number for t in course.within(21, "epochs")] == [0, 2]


def test_workers_seconds_hold_what_failed_but_no_repeats_and_nothing_retrained(followed):
    charges = [
        charge(0, 0, 5),
        charge(1, 5, 5, outcome="lost"),
        charge(3, 10, 7),
        charge(2, 17, 9),
        charge(0, 50, 100, work="retrain"),
        charge(None, 60, 1, work="latency"),
    ]
    course = course_of(*followed, charges)
    assert course.seconds == 20
    assert [step.seconds for step in course.steps] == [10, 19]


def test_what_came_from_the_cache_cost_nothing(followed):
    job, trials, reports = followed
    first = trials[0].id
    reports[first] = [replace(row, cached_from="other:1") for row in reports[first]]
    course = course_of(job, trials, reports, [])
    assert (course.epochs, course.cached_epochs) == (12, 9)
    assert course.steps[0].epochs == 0


def test_the_hypervolume_grows_with_each_better_front(followed):
    course = course_of(*followed, [])
    steps = course.hypervolumes("epochs", (0.0, 4_000_000.0))
    assert steps == [(0.0, 0.0), (9, pytest.approx(0.4)), (21, pytest.approx(0.675))]


def test_a_search_that_has_not_begun_has_an_empty_course(store, add_job):
    job = add_job(store, [], state="queued")
    course = course_of(job, [], {}, [])
    assert (course.steps, course.epochs, course.seconds) == ((), 0, 0.0)
    assert course.hypervolumes("epochs", (0.0, 1.0)) == [(0.0, 0.0)]

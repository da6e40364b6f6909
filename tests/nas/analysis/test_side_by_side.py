import math
from dataclasses import replace
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.analysis.course import course_of
from nas.analysis.front import front
from nas.analysis.intervals import t_quantile
from nas.analysis.side_by_side import difference, side_by_side

REPEATS = {"repeats": [(1, 0.80, 0.80), (2, 0.82, 0.82), (3, 0.84, 0.84)]}
BETTER = {"repeats": [(1, 0.90, 0.90), (2, 0.92, 0.921), (3, 0.94, 0.939)]}


def reports_of(store, job):
    """Those of one trial after those of another."""
    return {
        key: [replace(row, created_ms=1000 * (100 * key + row.epoch)) for row in rows]
        for key, rows in store.trials.reports(job.id).items()
    }


def compared(store, *jobs, measure="epochs"):
    trials = [store.trials.list(job.id) for job in jobs]
    courses = [
        course_of(job, every, reports_of(store, job), store.charges.list(job.id))
        for job, every in zip(jobs, trials, strict=True)
    ]
    return side_by_side(courses, trials, measure)


def two(store, add_job, **details):
    first = add_job(store, [{"flops": 2_000_000, "accuracy": 0.8, **REPEATS}], name="first")
    second = add_job(
        store,
        [
            {"flops": 2_000_000, "accuracy": 0.9, **BETTER},
            {"flops": 1_000_000, "accuracy": 0.7},
        ],
        name="second",
        details=details,
    )
    return first, second


def test_fronts_are_those_within_the_smallest_jobs_budget(store, add_job):
    found = compared(store, *two(store, add_job))
    # The first trained 9 epochs in all, which took the second to its first trial's end.
    assert found.budget == 9
    assert [len(side.front.points) for side in found.sides] == [1, 1]
    assert found.reference == (0.1, 8_000_000.0)
    assert [side.hypervolume for side in found.sides] == pytest.approx([0.7 / 1.2, 0.8 / 1.2])


def test_one_job_against_itself_is_its_own_front(store, add_job):
    job = add_job(store)
    found = compared(store, job, job)
    whole = front(store, job)
    assert [side.front.points for side in found.sides] == [whole.points] * 2
    assert found.sides[0].hypervolume == pytest.approx(whole.hypervolume)
    assert found.differences[0].mean == 0
    assert "the fronts are worth the same" in found.sentences[0]


def test_the_answer_names_the_front_that_is_worth_most(store, add_job):
    told = compared(store, *two(store, add_job)).sentences
    assert told[0] == (
        "With 9 trained epochs each, the front of second is worth the most: hypervolume second "
        "0.667, first 0.583."
    )
    assert told[1].startswith("The most accurate point against that of first: second +10.0 (")
    assert "more than noise" in told[1]
    assert "one run of its search" in told[2]


def test_without_repeats_there_is_no_interval_and_no_claim(store, add_job):
    jobs = [add_job(store, [{"flops": 10**6, "accuracy": a}], name=f"a{a}") for a in (0.8, 0.9)]
    found = compared(store, *jobs)
    (apart,) = found.differences
    assert (apart.mean, apart.low) == (pytest.approx(0.1), None)
    assert "(one run each)" in found.sentences[1]


def test_jobs_on_other_images_have_no_common_front(store, add_job):
    jobs = two(store, add_job, data={"name": "mnist", "hash": "f" * 16})
    found = compared(store, *jobs)
    assert not found.overlaid
    assert found.differences == (None,)
    assert [side.hypervolume for side in found.sides] == [None, None]
    assert found.sentences[0].startswith("Not comparable, as these differ: data (digits")


def test_another_recipe_is_drawn_and_not_judged(store, add_job):
    found = compared(store, *two(store, add_job, recipe={"epochs": 20}))
    assert found.overlaid
    assert not found.comparable
    assert len(found.sentences) == 1
    assert "recipe's epochs (12 / 20)" in found.sentences[0]


def test_a_job_without_results_is_named(store, add_job):
    jobs = [add_job(store, name="full"), add_job(store, [], name="new", state="queued")]
    found = compared(store, *jobs)
    assert found.budget == 0
    assert "full, new had finished no trial yet" in found.sentences[0]
    assert "Not over yet: new." in found.sentences[-1]


def test_the_budget_may_be_workers_time(store, add_job):
    first, second = two(store, add_job)
    for job, seconds in ((first, 5.0), (second, 50.0)):
        key = store.charges.open(job.id, 0, "train", 1, 0)
        store.charges.close(key, "ok", seconds, 9)
    found = compared(store, first, second, measure="seconds")
    assert found.budget == 5.0
    assert found.sentences[0].startswith("With 0.1 minutes of workers each")


def test_over_other_seeds_the_interval_is_welchs():
    one, other = {1: 0.9, 2: 0.92, 3: 0.94}, {7: 0.8, 8: 0.81}
    found = difference(one, other)
    a, b = (stdev(runs.values()) ** 2 / len(runs) for runs in (one, other))
    freedom = (a + b) ** 2 / (a * a / 2 + b * b / 1)
    assert found.mean == pytest.approx(0.92 - 0.805)
    assert found.high - found.mean == pytest.approx(t_quantile(freedom) * math.sqrt(a + b))


def test_single_repeats_have_a_difference_and_no_interval():
    found = difference({1: 0.9}, {2: 0.8})
    assert (found.mean, found.low) == (pytest.approx(0.1), None)
    assert difference({}, {2: 0.8}) is None


RUNS = st.dictionaries(st.integers(0, 5), st.floats(0, 1), min_size=2, max_size=5)


@given(RUNS, RUNS)
def test_a_difference_turned_round_is_its_opposite(one, other):
    found, turned = difference(one, other), difference(other, one)
    assert found.mean == pytest.approx(-turned.mean, abs=1e-9)
    if not one.keys() & other.keys():
        assert found.mean == pytest.approx(fmean(one.values()) - fmean(other.values()), abs=1e-9)
    if found.low is not None and turned.high is not None:
        assert found.low == pytest.approx(-turned.high, abs=1e-6)
        assert found.low <= found.mean <= found.high

import time

import pytest
from sqlalchemy import insert

from nas.errors import UsageProblem
from nas.store.schema import TRIAL_STATES, trials
from nas.store.trial_query import SIZE, SORTS, TrialQuery


def numbers(store, job, **given):
    total, rows = store.trials.page(job.id, TrialQuery.of({k: str(v) for k, v in given.items()}))
    return total, [trial.number for trial in rows]


def test_without_wishes_it_is_the_list_with_failed_trials_last(store, add_job):
    job = add_job(store)
    assert numbers(store, job) == (7, [0, 1, 2, 3, 4, 5, 6])
    assert numbers(store, job, sort="-trial") == (7, [5, 4, 3, 2, 1, 0, 6])
    assert numbers(store, job, sort="-accuracy") == (7, [4, 1, 2, 3, 0, 5, 6])


def test_what_is_unknown_comes_after_what_is_known_in_both_orders(store, add_job):
    timed = [{"flops": 1, "accuracy": 0.5, "latency_ms": ms} for ms in (2.0, None, 1.0)]
    job = add_job(store, timed)
    assert numbers(store, job, sort="latency_ms")[1] == [2, 0, 1]
    assert numbers(store, job, sort="-latency_ms")[1] == [0, 2, 1]


@pytest.mark.parametrize("sort", SORTS)
def test_pages_are_cut_from_one_order(store, add_job, sort):
    job = add_job(store)
    whole = numbers(store, job, sort=sort, size=100)[1]
    pages = [numbers(store, job, sort=sort, size=3, page=page) for page in (1, 2, 3)]
    assert [number for _, page in pages for number in page] == whole
    assert {total for total, _ in pages} == {7}


def test_a_page_after_the_last_is_empty_and_knows_the_total(store, add_job):
    assert numbers(store, add_job(store), page=9) == (7, [])


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"state": "pruned"}, [5]),
        ({"kind": "baseline"}, [0, 1, 2]),
        ({"type": "se"}, [2, 4]),
        ({"type": "s"}, []),
        ({"text": "late"}, []),
        ({"text": "EVERYWHERE"}, [2]),
        ({"text": "stage3 cbam"}, [3]),
        ({"text": "diverged"}, [6]),
        ({"text": "5"}, [5]),
        ({"text": "100%"}, []),
        ({"state": "done", "kind": "search"}, [3, 4]),
    ],
)
def test_filters(store, add_job, given, found):
    job = add_job(store)
    # Numbers occur in architectures, too.
    assert set(numbers(store, job, **given)[1]) >= set(found)
    if given != {"text": "5"}:
        assert numbers(store, job, **given) == (len(found), found)


def test_trials_of_other_jobs_are_not_found(store, add_job):
    first = add_job(store, name="first")
    add_job(store, name="second")
    assert numbers(store, first)[0] == 7


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sort": "acuracy"}, "did you mean 'accuracy'"),
        ({"state": "don"}, "did you mean 'done'"),
        ({"kind": "x"}, "there are: baseline"),
        ({"stat": "done"}, "did you mean 'state'"),
        ({"page": "0"}, "page '0' can't be"),
        ({"size": "100000"}, "from 1 to 1000"),
        ({"size": "-1"}, "size '-1'"),
    ],
)
def test_what_is_not_known_is_refused(given, words):
    with pytest.raises(UsageProblem, match=words):
        TrialQuery.of(given)


def test_an_address_without_values_is_the_usual_query():
    assert TrialQuery.of(dict.fromkeys(("state", "kind", "type", "text", "sort", "page"), "")) == (
        TrialQuery(size=SIZE)
    )


def test_a_page_of_ten_thousand_trials_is_fast(store, add_job):
    job = add_job(store)
    row = store.trials.list(job.id)[4]
    values = {
        column.name: getattr(row, column.name, None)
        for column in trials.c
        if column.name not in ("id", "number", "hash", "state", "accuracy")
    }
    rows = [
        {**values, "number": n, "hash": str(n), "state": TRIAL_STATES[n % 5], "accuracy": n / 2e4}
        for n in range(100, 10_100)
    ]
    with store.engine.begin() as connection:
        connection.execute(insert(trials), rows)
    query = TrialQuery.of({"sort": "-accuracy", "type": "se", "text": "stage3"})
    begin = time.perf_counter()
    total, found = store.trials.page(job.id, query)
    assert time.perf_counter() - begin < 1.0  # about 0.1 on an idle core
    assert (total, len(found), found[0].number) == (10_002, SIZE, 4)

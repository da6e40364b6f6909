import json

from nas.holding.leasing import driving
from nas.store.copying import records_of, store_of


def test_a_copy_answers_as_the_original(store, job, trial, row):
    store.trials.report(trial, row, "done")
    store.charges.close(store.charges.open(job.id, 0, "train", 1, 0), "ok", 3.0, 1)
    copy = store_of(json.loads(json.dumps(records_of(store, job))))
    assert copy.jobs.list() == [job]
    assert copy.trials.list(job.id) == store.trials.list(job.id)
    assert copy.trials.reports(job.id) == store.trials.reports(job.id)
    assert copy.charges.list(job.id) == store.charges.list(job.id)
    assert copy.trials.reports(job.id)[trial.id]


def test_of_other_jobs_nothing_comes_along_and_no_token(store, job):
    store.jobs.create("other", {}, {})
    with driving(store, job):
        records = records_of(store, job)
        assert [lease["token"] for lease in records["leases"]] == [""]
        copy = store_of(records)
    assert copy.jobs.list() == [job]
    assert copy.leases.of(job.id).holder


def test_what_a_newer_server_sends_besides_is_passed_over(store, job):
    records = records_of(store, job)
    records["jobs"][0]["colour"] = "blue"
    records["moods"] = [{"job_id": 1}]
    assert store_of(records).jobs.list() == [job]

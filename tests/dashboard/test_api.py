"""The API is the command line's JSON."""

from nas.analysis.front import front
from nas.analysis.summary import job_summary
from nas.analysis.verdict import verdict


def test_jobs_are_those_of_nas_list(browse, store, add_job):
    first, second = add_job(store, name="first"), add_job(store, [], name="second", state="queued")
    listed = browse.get("/api/v1/jobs").json()
    assert listed == [job_summary(store, second), job_summary(store, first)]


def test_a_job_is_that_of_nas_show_by_name_and_by_number(browse, store, add_job):
    job = add_job(store)
    expected = job_summary(store, job)
    assert browse.get("/api/v1/jobs/synthetic").json() == expected
    assert browse.get(f"/api/v1/jobs/{job.id}").json() == expected


def test_a_front_is_that_of_nas_front(browse, store, add_job):
    job = add_job(store)
    assert browse.get("/api/v1/jobs/synthetic/front").json() == front(store, job).to_dict()


def test_a_report_is_that_of_nas_report(browse, store, add_job):
    job = add_job(store)
    assert browse.get("/api/v1/jobs/synthetic/report").json() == verdict(store, job).to_dict()


def test_an_unknown_job_is_an_error_with_the_nearest_name(browse, store, add_job):
    add_job(store)
    for path in ("", "/front", "/report", "/charts/front"):
        answer = browse.get(f"/api/v1/jobs/syntetic{path}")
        assert answer.status_code == 404
        error = answer.json()["error"]
        assert error["kind"] == "not_found"
        assert "did you mean 'synthetic'?" in error["message"]


def test_an_unknown_address_below_the_api_answers_in_json(browse):
    assert browse.get("/api/v2").json()["error"]["kind"] == "not_found"

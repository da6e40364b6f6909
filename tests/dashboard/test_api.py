"""The API is the command line's JSON."""

from nas.analysis.effects import effects
from nas.analysis.front import front
from nas.analysis.ledger import ledger
from nas.analysis.summary import job_summary, trial_row
from nas.analysis.verdict import verdict
from nas.store.copying import store_of
from nas.store.queue import Owner


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


def test_jobs_are_found_by_state_owner_and_name_a_page_at_a_time(browse, store, add_job):
    for number in range(5):
        state = "done" if number % 2 else "failed"
        add_job(store, [], name=f"job_{number}", state=state, owner=f"o{number % 3}")

    def names(query):
        answer = browse.get(f"/api/v1/jobs?{query}")
        return [job["name"] for job in answer.json()], int(answer.headers["x-total-count"])

    assert names("size=2&page=2") == (["job_2", "job_1"], 5)
    assert names("state=done") == (["job_3", "job_1"], 2)
    assert names("state=done&state=failed&owner=o0") == (["job_3", "job_0"], 2)
    assert names("text=B_4") == (["job_4"], 1)
    assert names("text=%25") == ([], 0)
    assert browse.get("/api/v1/jobs?state=dne").status_code == 422
    assert browse.get("/api/v1/jobs?page=0").json()["error"]["problems"][0]["path"] == "page"


def test_effects_and_ledger_are_those_of_the_command_line(browse, store, add_job):
    job = add_job(store)
    assert browse.get("/api/v1/jobs/synthetic/effects").json() == effects(store, job).to_dict()
    expected = ledger(store, job).to_dict(trials=True)
    assert browse.get("/api/v1/jobs/synthetic/ledger?trials=true").json() == expected


def test_a_trial_comes_with_its_reports_and_without_places_on_this_machine(browse, store, add_job):
    job = add_job(store)
    found = browse.get("/api/v1/jobs/synthetic/trials/4").json()
    reports = found.pop("reports")
    assert found == trial_row(store.trials.get(job.id, 4))
    assert [row["epoch"] for row in reports] == [3, 6, 12]
    assert "/nowhere" not in str(reports)
    assert browse.get("/api/v1/jobs/synthetic/trials/99").status_code == 404


def test_a_store_made_of_records_answers_as_the_one_here(browse, store, add_job):
    job = add_job(store)
    add_job(store, name="another")
    answer = browse.get("/api/v1/jobs/synthetic/records")
    assert answer.headers["content-encoding"] == "gzip"
    assert "/nowhere" not in answer.text
    copy = store_of(answer.json())
    (copied,) = copy.jobs.list()
    assert verdict(copy, copied).to_dict() == verdict(store, job).to_dict()
    assert effects(copy, copied).to_dict() == effects(store, job).to_dict()
    assert ledger(copy, copied).to_dict() == ledger(store, job).to_dict()


def test_records_of_any_size_are_json(browse, store, add_job, monkeypatch):
    monkeypatch.setattr("dashboard.api._ROWS", 2)
    add_job(store)
    found = browse.get("/api/v1/jobs/synthetic/records").json()
    assert [row["number"] for row in found["trials"]] == list(range(7))


def test_owners_dispatchers_data_and_tokens_are_listed(serve, store):
    service = serve(data={"few": {"name": "digits", "root": "/secret", "fraction": 0.5}})
    text = service.token(role="admin")
    client = service.client(text)
    store.queue.set_owner(Owner("ann", 2, None))
    store.leases.appear("elsewhere/1/1", 3)
    assert client.get("/api/v1/owners").json() == [
        {"name": "ann", "max_running": 2, "gpu_hours": None}
    ]
    (dispatcher,) = client.get("/api/v1/dispatchers").json()
    assert (dispatcher["slots"], dispatcher["alive"]) == (3, True)
    assert client.get("/api/v1/data").json()[0]["keys"] == {"fraction": 0.5}
    (token,) = client.get("/api/v1/tokens").json()
    assert token["name"] == "ann" and "hash" not in token
    viewer = service.client(service.token("v", "viewer"))
    assert viewer.get("/api/v1/tokens").status_code == 403


def test_addresses_of_all_kinds_are_refused_as_they_should_be(browse):
    assert browse.get("/api/v1/jobs/a%00b").status_code == 400
    assert browse.get("/api/v1/jobs?text=a%00").status_code == 400
    for name in ("9" * 30, "..%2f..%2fetc", "a" * 5000, "%F0%9F%92%A9", "-1"):
        assert browse.get(f"/api/v1/jobs/{name}").status_code == 404, name

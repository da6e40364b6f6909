"""What supervisors and monitoring ask, ids of requests, and what is said of failures."""

import json
import logging
import os
import subprocess
import sys

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from dashboard.app import create_app
from dashboard.guard.headers import HEADERS
from nas.home import Home
from nas.logs import JsonLines, TextLines


def numbers(client):
    text = client.get("/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_process_lives_whatever_its_store_says(tmp_path):
    (tmp_path / "store.db").write_text("this is no database, but it is long enough to be read")
    app = create_app(f"sqlite:///{tmp_path}/store.db", home=Home(tmp_path))
    client = TestClient(app, base_url="http://localhost")
    assert client.get("/healthz").json() == {"status": "ok"}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "not a database" in answer.json()["store"]


def test_a_service_is_ready_with_and_without_a_dispatcher_and_says_which(service, store):
    client = service.client()
    assert client.get("/readyz").json() == {
        "status": "no dispatcher",
        "store": "ok",
        "dispatcher": "unseen",
    }
    store.leases.appear("elsewhere/1/1", 2)
    assert client.get("/readyz").json()["status"] == "ok"


def test_numbers_of_the_store_and_of_requests(service, store, add_job):
    add_job(store, owner="ann")
    waits = add_job(store, [], name="waits", state="queued")
    store.leases.appear("elsewhere/1/1", 2)
    store.leases.take(waits.id, "elsewhere/1/1")
    store.charges.open(waits.id, 0, "train", 1, 0.0)
    client = service.client()
    client.get("/api/v1/jobs/synthetic")
    client.get("/api/v1/jobs/nobody")
    found = numbers(client)
    assert found["nas_jobs", "done"] == 1
    assert found["nas_jobs", "failed"] == 0
    assert found["nas_queue_depth",] == 1
    assert found["nas_trials", "failed"] == 1
    assert found["nas_dispatchers",] == 1
    assert found["nas_leases",] == 1
    assert found["nas_leases_stale",] == 0
    assert found["nas_event_followers",] == 0
    route = "/api/v1/jobs/{name}"
    assert found["nas_http_requests_total", "GET", route, "200"] == 1
    assert found["nas_http_requests_total", "GET", route, "404"] == 1
    assert found["nas_http_request_seconds_count", route] == 2


def test_numbers_without_a_store_make_none(tmp_path):
    app = create_app(f"sqlite:///{tmp_path}/store.db", home=Home(tmp_path))
    assert numbers(TestClient(app, base_url="http://localhost"))["nas_store_up",] == 1
    assert list(tmp_path.iterdir()) == []


def test_a_request_has_an_id_in_its_answer_and_its_line(service, caplog):
    caplog.set_level(logging.INFO)
    given = service.client().get("/api/v1/jobs", headers={"X-Request-ID": "abc-1"})
    made = service.client().get("/api/v1/jobs", headers={"X-Request-ID": "a\tb" * 40})
    assert given.headers["x-request-id"] == "abc-1"
    assert len(made.headers["x-request-id"]) == 16
    record = next(one for one in caplog.records if one.name == "dashboard.access")
    line = json.loads(JsonLines().format(record))
    assert line["message"] == "GET /api/v1/jobs"
    assert (line["status"], line["level"], line["logger"]) == (200, "info", "dashboard.access")


def test_an_unexpected_failure_is_logged_whole_and_told_in_short(service, store, add_job, caplog):
    job = add_job(store)
    store.jobs.add_details(job.id, {"rungs": None})
    answer = service.client().get("/api/v1/jobs")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert answer.headers["x-request-id"] in answer.json()["error"]["message"]
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "Traceback" in "".join(JsonLines().format(record) for record in caplog.records)


def test_lines_for_people_end_with_what_they_are_about():
    record = logging.makeLogRecord(
        {"msg": "told nas_3_%s", "args": ("secret_secret",), "levelname": "INFO", "job": "small"}
    )
    line = TextLines().format(record)
    assert line.endswith("INFO told nas_3_*** job=small")
    assert json.loads(JsonLines().format(record))["job"] == "small"


@pytest.mark.parametrize("options", [("--host", "0.0.0.0"), ("--trusted-proxies", "127.0.0.1")])
def test_without_a_token_nobody_else_is_let_near(tmp_path, options):
    answer = subprocess.run(
        [sys.executable, "-m", "dashboard", "--port", "0", *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "NAS_HOME": str(tmp_path), "NAS_STORE_URL": ""},
    )
    assert answer.returncode == 4
    assert "nas token create" in answer.stderr

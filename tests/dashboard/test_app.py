"""Headers, hosts, errors, and what the process loads."""

import os
import re
import subprocess
import sys

import pytest
from fastapi.testclient import TestClient

from dashboard.app import create_app
from dashboard.guard.headers import HEADERS

PROBE = """
import sys
from fastapi.testclient import TestClient
from dashboard.app import create_app
client = TestClient(create_app(sys.argv[1]), base_url="http://localhost")
for path in (
    "/",
    "/jobs/synthetic",
    "/jobs/synthetic/placements",
    "/jobs/synthetic/trials",
    "/jobs/synthetic/trials/4",
    "/compare?trial=synthetic:0&trial=synthetic:4",
    "/cluster",
    "/api/v1/jobs",
    "/api/v1/jobs/synthetic/charts/front",
):
    assert client.get(path).status_code == 200, path
print(*(name for name in ("torch", "ray", "mlflow", "optuna", "plotly") if name in sys.modules))
"""

PATHS = ("/", "/jobs/synthetic", "/nowhere", "/api/v1/jobs", "/static/style.css", "/healthz")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_security_headers(browse, store, add_job, path):
    add_job(store)
    answer = browse.get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value


def test_the_policy_allows_no_inline_script_and_no_inline_style():
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "path",
    ["/", "/jobs/synthetic", "/jobs/synthetic/trials/4", "/compare", "/cluster", "/jobs/nobody"],
)
def test_pages_have_nothing_that_the_policy_would_block(browse, store, add_job, path):
    add_job(store)
    page = browse.get(path).text
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_pages_are_for_reading(browse, method):
    for path in ("/", "/jobs/synthetic", "/static/style.css"):
        assert browse.request(method, path).status_code == 405


def test_a_foreign_host_name_is_refused_on_a_loopback_address_only(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    closed = TestClient(create_app(url), base_url="http://rebound.example")
    assert closed.get("/").status_code == 400
    opened = TestClient(create_app(url, listens_on="0.0.0.0"), base_url="http://rebound.example")
    assert opened.get("/healthz").status_code == 200


def test_a_broken_store_is_told_on_every_page(tmp_path):
    (tmp_path / "broken.db").write_text("this is no database, but it is long enough to be read")
    broken = TestClient(create_app(f"sqlite:///{tmp_path}/broken.db"), base_url="http://localhost")
    assert broken.get("/").status_code == 503
    assert "file is not a database" in broken.get("/").text


def test_an_unexpected_error_shows_no_traceback(browse, store, add_job):
    job = add_job(store)
    store.jobs.add_details(job.id, {"rungs": None})
    quiet = TestClient(browse.app, base_url="http://localhost", raise_server_exceptions=False)
    page = quiet.get("/")
    assert page.status_code == 500
    assert "Traceback" not in page.text
    assert quiet.get("/api/v1/jobs").json()["error"]["kind"] == "unexpected"


def test_plotly_comes_from_the_installed_package(browse):
    answer = browse.get("/static/plotly.min.js?v=1")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert "plotly.js v" in answer.text[:100]


def test_the_process_never_loads_the_heavy_packages(store, add_job):
    add_job(store)
    url = store.engine.url.render_as_string(hide_password=False)
    answer = subprocess.run(
        [sys.executable, "-c", PROBE, url],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert answer.stdout.split() == []

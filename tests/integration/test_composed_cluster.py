"""PostgreSQL, Ray's nodes, dispatcher and web as docker-compose.yml starts them, and a job."""

import json
import os
import socket
import time
from urllib.request import Request, urlopen

import pytest

from tests import postgresql
from tests.composed import Composed

JOB = """\
name: composed
data: {name: digits, fraction: 0.2}
space:
  backbone: {name: cifar_resnet, depth: 8, width: 2}
  attention:
    - types: {none: , eca: }
recipe: {epochs: 1, batch_size: 64}
search: {trials: 2, rungs: [1], sampler: random}
finalists: {seeds: 0}
workers: {count: 1}
tracking: {enabled: false}
"""


#: Half a minute alone, minutes beside other work.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def composed(tmp_path_factory):
    if postgresql.programs() is None and not os.environ.get("CI"):
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    mapped = {"ray-head": "127.0.0.1", "6379": free_port(), "8000": free_port()}
    folder = tmp_path_factory.mktemp("composed")
    with (
        postgresql.server() as server,
        postgresql.database(server, "nas") as store,
    ):
        project = Composed(folder, mapped, {"NAS_STORE_URL": store})
        migrated = project.run("migrate", *project.words("migrate"))
        assert migrated.returncode == 0, migrated.stderr
        with project.service("ray-head"), project.service("ray-worker"):
            yield project
        project.close()


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def test_a_submitted_job_is_run_by_the_dispatcher_on_the_cluster(composed):
    (composed.folder / "job.yaml").write_text(JOB)
    with composed.service("dispatcher") as dispatcher:
        queued = composed.run("nas", "nas", "submit", "job.yaml")
        assert queued.returncode == 0, queued.stderr
        summary = ended(composed, "composed")
    assert dispatcher.returncode == 0
    assert (summary["state"], summary["trials"]["done"]) == ("done", 2)
    assert composed.healthy("ray-head") and composed.healthy("ray-worker")


def ended(composed, job, seconds=200):
    """The job's summary once it ended."""
    deadline = time.monotonic() + seconds
    while True:
        shown = composed.run("nas", "nas", "show", job, "-o", "json")
        summary = json.loads(shown.stdout)
        if summary["state"] in ("done", "failed"):
            return summary
        assert time.monotonic() < deadline, summary
        time.sleep(1)


def test_who_has_another_token_is_refused(composed):
    words = composed.words("ray-worker", "healthcheck")
    other = "RAY_AUTH_TOKEN=ffffffffffffffffffffffffffffffff"
    refused = composed.run("ray-worker", "env", other, *words)
    assert refused.returncode != 0
    assert "token" in refused.stderr.lower()


def test_web_answers_who_has_the_token_that_was_made_first(composed):
    made = composed.run("nas", "nas", "token", "create", "ann", "--role", "admin")
    assert made.returncode == 0, made.stderr
    with composed.service("web"):
        port = composed.words("web")[4].partition("=")[2]
        request = Request(f"http://127.0.0.1:{port}/api/v1/jobs")
        request.add_header("Authorization", f"Bearer {made.stdout.strip()}")
        with urlopen(request, timeout=20) as answer:
            assert answer.status == 200

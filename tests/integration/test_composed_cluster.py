"""PostgreSQL, a Ray head and a worker node as docker-compose.yml starts them, and a job on them."""

import json
import os
import socket

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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    folder = tmp_path_factory.mktemp("composed")
    with (
        postgresql.server() as server,
        postgresql.database(server, "nas") as store,
    ):
        project = Composed(
            folder, {"ray-head": "127.0.0.1", "6379": port}, {"NAS_STORE_URL": store}
        )
        with project.service("ray-head"), project.service("ray-worker"):
            yield project
        project.close()


def test_a_job_runs_on_the_cluster_that_the_environment_names(composed):
    (composed.folder / "job.yaml").write_text(JOB)
    done = composed.run("dispatcher", "nas", "run", "job.yaml", "-o", "json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["state"], summary["trials"]["done"]) == ("done", 2)
    assert composed.healthy("ray-head") and composed.healthy("ray-worker")


def test_who_has_another_token_is_refused(composed):
    words = composed.words("ray-worker", "healthcheck")
    other = "RAY_AUTH_TOKEN=ffffffffffffffffffffffffffffffff"
    refused = composed.run("ray-worker", "env", other, *words)
    assert refused.returncode != 0
    assert "token" in refused.stderr.lower()

"""The command line against a real service: same verbs, same JSON, as on its own machine.

The service and whoever follows a job are processes; short commands are called in this one, which
saves each the second that Python takes to start.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import chdir
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner, Result

from nas.cli.app import cli
from tests.processes import bare_environ, nas

JOB = """\
name: afar
data: {name: numbers, fraction: 0.25}
space:
  backbone: {name: cifar_resnet, depth: 8, width: 2}
  attention:
    - stages: 3
      types: {none: , se: {ratio: 2}, eca: }
recipe: {epochs: 2, batch_size: 32}
search: {trials: 3, rungs: [1, 2], pruner: none}
finalists: {seeds: 1}
workers: {count: 1}
"""


class Machine:
    """A folder from which the service is used; ``near`` is the service's own."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder, self.environ = folder, environ

    def __call__(self, *words: str, status: int = 0) -> Result:
        environ = {name: None for name in os.environ if name.startswith(("NAS_", "MLFLOW_"))}
        with chdir(self.folder):
            done = CliRunner().invoke(cli, words, prog_name="nas", env=environ | self.environ)
        assert done.exit_code == status, done.stderr
        assert "Traceback" not in done.stderr
        return done

    def process(self, *words: str) -> str:
        """The same as a process of its own; gives what it prints."""
        done = nas(self.folder, *words, **self.environ)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *words: str) -> object:
        return json.loads(self(*words, "-o", "json").stdout)


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """The service's machine, and a submitter's and a viewer's."""
    home = tmp_path_factory.mktemp("service")
    (home / "settings.yaml").write_text("data: {numbers: {name: digits}}\n")
    near = Machine(tmp_path_factory.mktemp("near"), NAS_HOME=str(home))
    tokens = {
        role: near.process("token", "create", role, "--role", role).strip()
        for role in ("submitter", "viewer")
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = subprocess.Popen(
        [sys.executable, "-m", "nas", "serve", "--port", str(port)],
        env=bare_environ() | {"NAS_HOME": str(home)},
        stderr=subprocess.PIPE,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    until_up(f"{address}/healthz")
    far = {
        role: Machine(tmp_path_factory.mktemp(role), NAS_SERVER=address, NAS_TOKEN=token)
        for role, token in tokens.items()
    }
    (far["submitter"].folder / "job.yaml").write_text(JOB)
    yield near, far["submitter"], far["viewer"]
    service.send_signal(signal.SIGTERM)
    _, told = service.communicate(timeout=180)
    assert service.returncode == 0, told
    assert all(token.split("_", 2)[2] not in told for token in tokens.values())


def until_up(address: str) -> None:
    deadline = time.monotonic() + 180
    while True:
        try:
            with urlopen(address, timeout=30):
                return
        except URLError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture(scope="module")
def done(machines):
    """The job, submitted from afar and followed to its end."""
    _, far, _ = machines
    told = far.process("submit", "job.yaml", "--follow", "--priority", "2")
    assert "job 1 (afar) is queued" in told
    assert told.splitlines()[-1].endswith("job done")
    return machines


@pytest.mark.parametrize(
    "words",
    [
        ("show", "afar"),
        ("show", "afar", "--trials"),
        ("front", "afar"),
        ("front", "afar", "--pick", "cheap"),
        ("report", "afar"),
        ("effects", "afar"),
        ("ledger", "afar"),
        ("list",),
        ("data", "list"),
        ("owner", "list"),
    ],
)
def test_from_afar_the_answers_are_those_from_near(done, words):
    near, far, viewer = done
    assert far.json(*words) == viewer.json(*words) == near.json(*words)
    assert far(*words).stdout == near(*words).stdout
    assert not (far.folder / ".nas").exists()


def test_an_export_comes_over_whole(done):
    near, far, _ = done
    far("export", "afar", "--pick", "accurate", "--to", "model")
    near("export", "afar", "--pick", "accurate", "--to", "model")
    names = sorted(path.name for path in (near.folder / "model").iterdir())
    assert sorted(path.name for path in (far.folder / "model").iterdir()) == names
    for name in ("model.py", "model.safetensors", "architecture.json"):
        ours, theirs = far.folder / "model" / name, near.folder / "model" / name
        assert ours.read_bytes() == theirs.read_bytes()
    taken = far("export", "afar", "--to", "model", status=2)
    assert "--force" in taken.stderr


@pytest.mark.slow
def test_a_trial_is_trained_again_by_the_service(done):
    near, far, _ = done
    again = far.json("retrain", "afar", "--trial", "0", "--epochs", "3")
    assert (again["origin"], again["epochs"], again["state"]) == (0, 3, "done")
    assert near.json("retrain", "afar", "--trial", "0", "--epochs", "3")["trained_before"]


def test_a_viewer_changes_nothing_and_strangers_see_nothing(done):
    _, _, viewer = done
    for words in (("cancel", "afar"), ("delete", "afar", "--yes"), ("priority", "afar", "5")):
        assert "is a viewer's" in viewer(*words, status=4).stderr
    stranger = Machine(viewer.folder, NAS_SERVER=viewer.environ["NAS_SERVER"])
    assert "set NAS_TOKEN" in stranger("list", status=4).stderr


def test_what_is_wrong_is_told_with_its_place(done):
    _, far, _ = done
    (far.folder / "bad.yaml").write_text(JOB.replace("trials: 3", "trails: 3"))
    told = far("submit", "bad.yaml", status=2).stderr
    assert "bad.yaml:9:10: search.trails: unknown key (did you mean 'trials'?)" in told
    taken = far("submit", "job.yaml", status=2).stderr
    assert "a job named 'afar' exists" in taken
    elsewhere = far(
        "submit", "job.yaml", "--set", "name=other", "--set", "data.root=/etc", status=2
    )
    assert "data" in elsewhere.stderr
    assert far("show", "afra", status=102).stderr.strip().endswith("(did you mean 'afar'?)")


@pytest.mark.slow
def test_a_job_is_held_back_moved_and_ended_from_afar(done):
    near, far, _ = done
    slow = JOB.replace("name: afar", "name: later").replace("epochs: 2", "epochs: 400")
    (far.folder / "later.yaml").write_text(slow.replace("[1, 2]", "[1, 400]"))
    far("submit", "later.yaml")
    far("pause", "later")
    deadline = time.monotonic() + 120
    while far.json("show", "later")["state"] != "paused":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert far.json("priority", "later", "4")["priority"] == 4
    assert far.json("resume", "later")["state"] == "queued"
    far("cancel", "later")
    assert near.json("show", "later")["state"] in ("cancelled", "running", "queued")
    assert far("wait", "later", status=103).stdout == "job 2 (later) is cancelled\n"
    far("delete", "later", "--yes")
    far("show", "later", status=102)


def test_a_service_that_does_not_answer_is_said_so(tmp_path):
    gone = Machine(tmp_path, NAS_SERVER="http://127.0.0.1:9")
    assert "doesn't answer" in gone("list", status=3).stderr
    wrong = Machine(tmp_path, NAS_SERVER="ftp://somewhere")
    assert "is no address" in wrong("list", status=2).stderr

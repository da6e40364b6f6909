"""SIGKILL to the whole driver in the middle of a real job, then ``nas resume``."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import bare_environ

JOB = """\
name: killed
data: {name: digits, fraction: 0.5}
space:
  backbone: {name: cifar_resnet, depth: 8, width: 2}
  attention:
    - stages: 3
      types: {none: , se: {ratio: [2, 4]}, eca: }
recipe: {epochs: 4, batch_size: 32}
search: {trials: 4, rungs: [1, 2, 4], pruner: none, baselines: false, sampler: random}
finalists: {seeds: 1}
workers: {count: 1}
tracking: {enabled: true}
"""


def nas(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    environ = bare_environ()
    return subprocess.Popen(
        [sys.executable, "-m", "nas", *arguments],
        cwd=folder,
        env=environ,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def rows(folder: Path, query: str) -> list[tuple]:
    path = folder / ".nas" / "store.db"
    if not path.exists():
        return []
    with sqlite3.connect(path) as database:
        try:
            return database.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []


def reports(folder: Path) -> dict[tuple, float]:
    """Validation accuracy by what was trained (architecture, seed) and epoch."""
    found = rows(
        folder,
        "SELECT t.architecture, t.seed, r.epoch, r.validation_accuracy, r.checkpoint_sha256 "
        "FROM reports r JOIN trials t ON t.id = r.trial_id",
    )
    return {(a, seed, epoch): (accuracy, digest) for a, seed, epoch, accuracy, digest in found}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[tuple, float]:
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "job.yaml").write_text(JOB)
    process = nas(folder, "run", "job.yaml", "-q")
    _, error = process.communicate(timeout=200)
    assert process.returncode == 0, error
    return reports(folder)


@pytest.mark.slow
@pytest.mark.parametrize("kill_at", [1, 4])
def test_a_killed_driver_loses_nothing_and_trains_nothing_twice(tmp_path, undisturbed, kill_at):
    (tmp_path / "job.yaml").write_text(JOB)
    process = nas(tmp_path, "run", "job.yaml", "-q")
    deadline = time.monotonic() + 120
    while len(rows(tmp_path, "SELECT 1 FROM reports")) < kill_at:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    before = rows(tmp_path, "SELECT trial_id, epoch, created_ms FROM reports ORDER BY id")
    assert len(before) >= kill_at
    assert rows(tmp_path, "SELECT state FROM jobs") == [("running",)]

    resumed = nas(tmp_path, "resume", "killed", "-o", "json")
    out, error = resumed.communicate(timeout=200)
    assert resumed.returncode == 0, error
    assert json.loads(out)["state"] == "done"
    after = rows(tmp_path, "SELECT trial_id, epoch, created_ms FROM reports ORDER BY id")
    assert after[: len(before)] == before
    assert reports(tmp_path) == undisturbed
    assert set(rows(tmp_path, "SELECT DISTINCT state FROM trials")) == {("done",)}
    with sqlite3.connect(tmp_path / ".nas" / "mlflow.db") as database:
        states = database.execute("SELECT DISTINCT status FROM runs").fetchall()
    assert states == [("FINISHED",)]

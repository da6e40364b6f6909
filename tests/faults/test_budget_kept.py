"""SIGKILL to a driver with a budget: what was spent before is not forgotten after it."""

import json
import os
import signal
import time

import pytest

from tests.faults.test_driver_killed import nas, rows

JOB = """\
name: limited
data: {name: digits, fraction: 0.5}
space:
  backbone: {name: cifar_resnet, depth: 8, width: 2}
  attention:
    - stages: 3
      types: {none: , se: {ratio: [1, 2]}, eca: }
recipe: {epochs: 4, batch_size: 32}
search: {trials: 30, rungs: [1, 2, 4], pruner: none, baselines: false, sampler: random}
budget: {epochs: 15}
finalists: {seeds: 1}
workers: {count: 1}
tracking: {enabled: false}
"""


@pytest.mark.slow
def test_a_killed_driver_forgets_nothing_of_its_budget(tmp_path):
    (tmp_path / "job.yaml").write_text(JOB)
    process = nas(tmp_path, "run", "job.yaml", "-q")
    deadline = time.monotonic() + 120
    while len(rows(tmp_path, "SELECT 1 FROM reports")) < 1:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    ((driven,),) = rows(tmp_path, "SELECT seconds FROM drives")
    before = rows(tmp_path, "SELECT epochs FROM charges WHERE outcome = 'ok'")
    assert before
    assert driven > 0

    resumed = nas(tmp_path, "resume", "limited", "-o", "json")
    out, error = resumed.communicate(timeout=200)
    assert resumed.returncode == 0, error
    summary = json.loads(out)
    assert (summary["state"], summary["stopped_by"]) == ("done", "epochs")
    assert summary["reason"].startswith("stopped by budget: epochs 1")
    assert 12 <= summary["spent"]["epochs"] <= 15
    assert summary["front_size"] > 0
    assert summary["finalists"]["done"] > 0
    trained = rows(tmp_path, "SELECT sum(epoch) FROM trials")
    assert trained == [(summary["spent"]["epochs"],)]
    times = [seconds for (seconds,) in rows(tmp_path, "SELECT seconds FROM drives ORDER BY id")]
    assert times[0] == driven
    assert summary["spent"]["wall_clock"] * 3600 - sum(times) < 1e-6
    outcomes = {outcome for (outcome,) in rows(tmp_path, "SELECT outcome FROM charges")}
    assert outcomes <= {"ok", "lost"}

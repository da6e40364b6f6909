"""What was trained is never trained again: cache, extension and warm start through the shell."""

import json
import subprocess
from pathlib import Path

import pytest

from nas.store.store import Store
from tests import processes

JOB = """\
name: base
data: {name: digits, fraction: 0.2}
space:
  backbone: {name: cifar_resnet, depth: 8, width: 2}
  attention:
    - stages: [2, 3]
      types: {none: , se: {ratio: 2}, eca: }
recipe: {epochs: 2, batch_size: 32}
search: {trials: 4, rungs: [1, 2], reduction: 2}
finalists: {seeds: 1}
workers: {count: 1}
tracking: {enabled: false}
"""


def nas(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = processes.nas(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done


def answer(folder: Path, *arguments: str):
    return json.loads(nas(folder, *arguments, "-o", "json").stdout)


def trials(folder: Path, job: str) -> dict[str, tuple]:
    """What is known of each, by what was trained."""
    store = Store(f"sqlite:///{folder / '.nas' / 'store.db'}")
    listed = store.trials.list(store.jobs.get(job).id)
    store.close()
    return {t.hash: (t.architecture, t.epoch, t.accuracy, t.test_accuracy) for t in listed}


@pytest.mark.slow
def test_a_warm_start_costs_nothing_and_an_extension_goes_on(tmp_path):
    (tmp_path / "job.yaml").write_text(JOB)
    first = answer(tmp_path, "run", "job.yaml")
    warm = ("--set", "name=warm", "--set", "warm_start=[base]", "--set", "search.trials=1")
    taken = answer(tmp_path, "run", "job.yaml", *warm)
    assert (taken["state"], taken["worker_seconds"], taken["epochs"]["trained"]) == ("done", 0, 0)
    assert (taken["trials"]["total"], taken["warm_start"]["total"]) == (1, 3)
    assert taken["cache"]["worker_seconds"] == pytest.approx(first["worker_seconds"])
    assert taken["best"]["accuracy"] == first["best"]["accuracy"]
    before = trials(tmp_path, "warm")
    assert before == trials(tmp_path, "base")

    longer = answer(tmp_path, "extend", "warm", "--trials", "2")
    assert longer["state"] == "done"
    assert (longer["trials"]["total"], longer["warm_start"]["total"]) == (3, 3)
    assert [entry["changes"] for entry in longer["extensions"]] == [{"search.trials": [1, 3]}]
    after = trials(tmp_path, "warm")
    assert all(after[key][:3] == known[:3] for key, known in before.items())
    assert longer["worker_seconds"] > 0

"""The main job through the real parts: shell, SQLite, Ray, Optuna, torch, MLflow, export."""

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import nas

JOB = """\
name: whole
data: {name: digits, fraction: 0.3}
space:
  backbone: {name: cifar_resnet, depth: 8, width: [2, 4]}
  attention:
    - types: {none: , se: {ratio: 2}, cbam: {ratio: 2, kernel_size: 3}, eca: }
recipe: {epochs: 3, batch_size: 32}
search: {trials: 9, rungs: [1, 3], prune_after: 0, reduction: 2}
finalists: {seeds: 2}
workers: {count: 2}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("whole")
    (folder / "job.yaml").write_text(JOB)
    done = nas(folder, "run", "job.yaml", "-o", "json")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def answer(finished, *arguments):
    done = nas(finished[0], *arguments, "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_summary_counts_every_trial(finished):
    summary = finished[1]
    assert summary["state"] == "done"
    assert summary["trials"]["total"] == 9
    assert summary["trials"]["done"] + summary["trials"]["pruned"] == 9
    assert answer(finished, "show", "whole") == summary


def test_list_names_the_job(finished):
    (job,) = answer(finished, "list")
    assert (job["name"], job["state"]) == ("whole", "done")


def test_the_front_has_points_that_nothing_dominates(finished):
    front = answer(finished, "front", "whole")
    points = front["points"]
    assert points
    for point in points:
        assert {"trial", "accuracy", "parameters", "forward_flops", "architecture"} <= set(point)
        assert point["test_accuracy"] is not None
    costs = [p["forward_flops"] for p in points]
    accuracies = [p["accuracy"] for p in points]
    assert costs == sorted(costs)
    assert accuracies == sorted(accuracies)


def test_the_verdict_compares_with_baselines_on_further_seeds(finished):
    report = answer(finished, "report", "whole")
    assert report["comparisons"]
    text = nas(finished[0], "report", "whole")
    assert text.returncode == 0
    assert "no attention" in text.stdout


def test_the_same_job_name_is_refused_and_nothing_is_written(finished):
    folder = finished[0]
    before = (folder / ".nas" / "store.db").read_bytes()
    again = nas(folder, "run", "job.yaml")
    assert again.returncode == 2
    assert "a job named 'whole' exists" in again.stderr
    assert "Traceback" not in again.stderr
    assert (folder / ".nas" / "store.db").read_bytes() == before


def test_mlflow_holds_a_parent_and_a_child_for_every_trial(finished):
    folder = finished[0]
    with sqlite3.connect(folder / ".nas" / "mlflow.db") as database:
        parents = database.execute(
            "SELECT count(*) FROM tags WHERE key = 'mlflow.parentRunId'"
        ).fetchone()[0]
        runs = database.execute("SELECT count(*) FROM runs").fetchone()[0]
        states = dict(database.execute("SELECT status, count(*) FROM runs GROUP BY status"))
    with sqlite3.connect(folder / ".nas" / "store.db") as database:
        trials = database.execute("SELECT count(*) FROM trials").fetchone()[0]
    assert parents == runs - 1 == trials
    assert "RUNNING" not in states


def test_the_winner_leaves_as_code_that_runs_alone(finished, tmp_path):
    folder = finished[0]
    done = nas(folder, "export", "whole", "--pick", "accurate", "--to", str(tmp_path / "winner"))
    assert done.returncode == 0, done.stderr
    program = (
        "import torch; from model import load_model, preprocess; "
        "print(tuple(load_model()(preprocess(torch.zeros(2, 1, 8, 8))).shape))"
    )
    alone = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path / "winner",
        text=True,
        capture_output=True,
        timeout=180,
    )
    assert alone.stdout.strip() == "(2, 10)", alone.stderr


def test_resuming_a_finished_job_trains_nothing(finished):
    before = (finished[0] / ".nas" / "store.db").read_bytes()
    done = nas(finished[0], "resume", "whole", "-o", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == finished[1]
    assert (finished[0] / ".nas" / "store.db").read_bytes() == before


@pytest.mark.slow
def test_a_winner_is_trained_longer_tracked_and_exported(finished, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(finished[0], copy)
    here = (copy, finished[1])
    made = answer(here, "retrain", "whole", "--pick", "cheap", "--epochs", "5")
    origin = answer(here, "front", "whole")["points"][0]["trial"]
    assert (made["origin"], made["epochs"], made["state"]) == (origin, 5, "done")
    assert 0 < made["test_accuracy"] <= 1
    (told,) = answer(here, "show", "whole")["retrained"]
    assert (told["trial"], told["accuracy"]) == (made["trial"], made["accuracy"])
    with sqlite3.connect(copy / ".nas" / "mlflow.db") as database:
        query = "SELECT value FROM params WHERE key = 'recipe.epochs' AND run_uuid IN (SELECT "
        query += f"run_uuid FROM tags WHERE key = 'nas.trial' AND value = '{made['trial']}')"
        assert database.execute(query).fetchall() == [("5",)]
    exported = answer(here, "export", "whole", "--trial", str(made["trial"]))
    assert (exported["epochs"], exported["recipe"]["epochs"]) == (5, 5)
    assert exported["accuracy"] == made["accuracy"]

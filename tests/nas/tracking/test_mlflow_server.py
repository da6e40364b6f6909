"""``nas front`` and MLflow show the same numbers: through the REST API of a real server."""

import json

import pytest
from click.testing import CliRunner

from nas.cli.app import cli
from nas.home import Home
from nas.tracking.follow import following

TRIALS = [
    {"label": "none", "width": 4, "flops": 1_000_000, "accuracy": 0.9012345678901234, "test": 0.89},
    {
        "width": 4,
        "attention": "stage1:cbam stage3:se",
        "flops": 1_050_001,
        "accuracy": 1 / 1.07,
        "latency_ms": 1 / 3,
        "test": 0.92,
        "repeats": [(1, 0.92, 0.91), (2, 0.925, 2 / 3), (3, 0.9171, None)],
    },
    {"width": 8, "flops": 4_000_000, "accuracy": 0.93, "early": {3: 0.1}},
    {"width": 8, "attention": "stage3:se", "flops": 4_040_000, "accuracy": 0.96, "test": 0.955},
    {"width": 8, "attention": "stage1:eca", "flops": 4_050_000, "accuracy": 0.7, "epoch": 3},
]


@pytest.fixture
def told(store, add_job, mlflow_server, monkeypatch, tmp_path, capfd):
    """What ``nas front`` prints of a job that was followed to the server, and the job's run."""
    job = add_job(store, TRIALS, name="compared")
    home = Home(tmp_path / ".nas")
    monkeypatch.setenv("NAS_HOME", str(home.root))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server.url)
    lacking = []
    with following(store, home, job, lacking.append):
        pass
    assert lacking == []
    assert capfd.readouterr().out == ""  # where programs read what nas run says
    front = json.loads(_nas("front", "compared", "-o", "json"))
    shown = json.loads(_nas("show", "compared", "-o", "json"))
    return front, shown


def _nas(*arguments):
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_front_and_server_tell_the_same_numbers(told, mlflow_server):
    front, shown = told
    where = shown["mlflow"]
    assert where["url"].startswith(f"{mlflow_server.url}/#/experiments/{where['experiment_id']}/")
    run = mlflow_server.get("/api/2.0/mlflow/runs/get", run_id=where["run_id"]).json()["run"]
    assert _metrics(run)["hypervolume"] == front["hypervolume"]
    assert {t["key"]: t["value"] for t in run["data"]["tags"]}["nas.job"] == "compared"

    table = mlflow_server.get("/get-artifact", run_id=where["run_id"], path="front.json").json()
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    numbers = [name for name in table["columns"] if name not in ("backbone", "attention")]
    assert {"accuracy_low", "test_accuracy", "latency_ms", "seeds"} <= set(numbers)
    assert [[row[name] for name in numbers] for row in rows] == [
        [point[name] for name in numbers] for point in front["points"]
    ]

    found = mlflow_server.search(
        "runs",
        experiment_ids=[where["experiment_id"]],
        filter=f"tags.`mlflow.parentRunId` = '{where['run_id']}' and tags.on_front = 'true'",
    )["runs"]
    members = {_trial(run): _metrics(run) for run in found}
    assert set(members) == {point["trial"] for point in front["points"]}
    for point in front["points"]:
        metrics = members[point["trial"]]
        assert metrics["validation_accuracy"] == point["accuracy"]
        for cost in ("forward_flops", "parameters", "latency_ms"):
            assert metrics.get(cost) == point[cost]


def test_means_over_further_seeds_follow_from_the_runs_on_the_server(told, mlflow_server):
    front, shown = told
    (point,) = [point for point in front["points"] if point["seeds"]]
    found = mlflow_server.search(
        "runs",
        experiment_ids=[shown["mlflow"]["experiment_id"]],
        filter=f"tags.`mlflow.parentRunId` = '{shown['mlflow']['run_id']}'"
        f" and tags.nas.origin = '{point['trial']}'",
    )["runs"]
    accuracies = [_metrics(run)["validation_accuracy"] for run in found]
    assert point["accuracy_mean"] == pytest.approx(sum(accuracies) / len(accuracies), abs=1e-12)
    tests = [_metrics(run)["test_accuracy"] for run in found if "test_accuracy" in _metrics(run)]
    assert point["test_accuracy"] == pytest.approx(sum(tests) / len(tests), abs=1e-12)
    assert (point["seeds"], point["test_runs"]) == (len(accuracies), len(tests)) == (3, 2)


def _metrics(run):
    return {metric["key"]: metric["value"] for metric in run["data"]["metrics"]}


def _trial(run):
    return int({t["key"]: t["value"] for t in run["data"]["tags"]}["nas.trial"])

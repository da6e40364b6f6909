"""SIGKILL to MLflow's server while a job is followed; it comes back, and nothing is missing."""

import time

import httpx

from nas.tracking.exporter import Exporter

TRIALS = [{"flops": 1_000_000 + i, "accuracy": 0.5 + i / 1000} for i in range(40)]


def test_a_server_that_dies_and_comes_back_has_every_trial_once(store, add_job, mlflow_server):
    job = add_job(store, TRIALS, name="server-killed", state="running")
    url = store.engine.url.render_as_string(hide_password=False)
    exporter = Exporter(url, job.name, mlflow_server.url, poll_seconds=0.05).start()
    deadline = time.monotonic() + 180
    while (seen := len(runs(mlflow_server, job))) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    mlflow_server.kill()
    try:
        assert seen < len(TRIALS)
        store.jobs.set_state(job.id, "done")  # the job doesn't wait for the server
    finally:
        mlflow_server.start()
    outcome = exporter.close(60)
    assert outcome.up_to_date, outcome.reason
    found = runs(mlflow_server, job)
    assert sorted(metrics["trial"] for metrics in found) == list(range(len(TRIALS)))
    accuracies = {metrics["trial"]: metrics["validation_accuracy"] for metrics in found}
    assert accuracies == {i: trial["accuracy"] for i, trial in enumerate(TRIALS)}
    assert {metrics["status"] for metrics in found} == {"FINISHED"}


def runs(server, job):
    """What the server has of each run of a trial of the job."""
    try:
        experiment = server.get(
            "/api/2.0/mlflow/experiments/get-by-name", experiment_name="attention placement"
        ).json()["experiment"]["experiment_id"]
    except httpx.HTTPStatusError:  # the exporter has not made it yet
        return []
    parents = search(server, experiment, f"tags.nas.created_ms = '{job.created_ms}'")
    if not parents:
        return []
    parent = parents[0]["info"]["run_id"]
    children = search(server, experiment, f"tags.`mlflow.parentRunId` = '{parent}'")
    return [
        {
            "trial": int(next(t for t in run["data"]["tags"] if t["key"] == "nas.trial")["value"]),
            "status": run["info"]["status"],
            **{metric["key"]: metric["value"] for metric in run["data"].get("metrics", ())},
        }
        for run in children
    ]


def search(server, experiment, wanted):
    content = {"experiment_ids": [experiment], "filter": wanted}
    return server.search("runs", **content).get("runs", [])

"""What stands in MLflow after an export."""

import fcntl
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nas.analysis.effects import effects
from nas.analysis.front import front
from nas.analysis.summary import job_summary

REPEATED = [
    {"label": "none", "width": 4, "flops": 1_000_000, "accuracy": 0.90, "test": 0.89},
    {
        "width": 4,
        "attention": "stage1:cbam stage3:se",
        "flops": 1_050_000,
        "accuracy": 0.93,
        "test": 0.92,
        "repeats": [(1, 0.92, 0.91), (2, 0.925, 0.915)],
    },
]


def artifact(tracking, run, name):
    folder = Path(tracking.artifacts) / run.info.run_id / "artifacts"
    return (folder / name).read_text(encoding="utf-8")


def test_the_job_has_a_parent_run_with_what_it_was_made_of(store, add_job, tracking):
    job = add_job(store, name="parent")
    tracking.export(store, job)
    run = tracking.runs(job)["job"]
    assert run.info.run_name == "parent"
    assert run.info.status == "FINISHED"
    assert run.info.start_time == job.created_ms
    assert run.info.end_time == store.jobs.events(job.id)[-1].created_ms
    assert run.data.params["search.sampler"] == "tpe"
    assert run.data.params["seed"] == "0"
    assert run.data.params["versions.torch"] == "2.15.0"
    assert run.data.params["data.hash"] == "0" * 16
    assert json.loads(artifact(tracking, run, "job.json"))["spec"] == job.spec


def test_every_trial_has_a_child_run_with_architecture_costs_and_curves(store, add_job, tracking):
    job = add_job(store, name="children")
    tracking.export(store, job)
    runs = tracking.runs(job)
    assert set(runs) == {"job", *range(7)}
    states = [runs[number].info.status for number in range(7)]
    assert states == ["FINISHED"] * 5 + ["KILLED", "FAILED"]
    assert runs[4].data.params == {
        "backbone": "cifar_resnet(depth=8, width=8)",
        "seed": "0",
        "stage3.pre_add": "se(ratio=4)",
    }
    assert runs[4].data.metrics["forward_flops"] == 4_040_000
    assert runs[4].data.metrics["validation_accuracy"] == 0.96
    assert runs[6].data.tags["nas.reason"] == "diverged: for a test"
    assert runs[2].info.run_name == "trial 2 · se everywhere"
    history = tracking.client().get_metric_history(runs[4].info.run_id, "validation_accuracy")
    assert [point.step for point in history] == [3, 6, 12]


def test_members_of_the_front_are_tagged(store, add_job, tracking):
    job = add_job(store, name="tagged")
    tracking.export(store, job)
    runs = tracking.runs(job)
    members = {point.trial for point in front(store, job).points}
    tagged = {n for n in range(7) if runs[n].data.tags["on_front"] == "true"}
    assert tagged == members


def test_repeats_and_test_accuracy_are_recorded(store, add_job, tracking):
    job = add_job(store, REPEATED, name="repeats")
    tracking.export(store, job)
    runs = tracking.runs(job)
    assert runs[1].data.metrics["test_accuracy"] == 0.92
    assert runs[2].data.tags["nas.origin"] == "1"
    assert runs[2].data.metrics["test_accuracy"] == 0.91
    assert "on_front" not in runs[2].data.tags


def test_hypervolume_grows_to_that_of_the_front(store, add_job, tracking):
    job = add_job(store, name="volume")
    tracking.export(store, job)
    run = tracking.runs(job)["job"]
    history = tracking.client().get_metric_history(run.info.run_id, "hypervolume")
    values = [point.value for point in sorted(history, key=lambda point: point.step)]
    assert len(values) == 5
    assert values == sorted(values)
    assert values[-1] == front(store, job).hypervolume


def test_the_front_is_a_table_and_a_figure_and_the_verdict_is_in_words(store, add_job, tracking):
    job = add_job(store, REPEATED, name="front")
    tracking.export(store, job)
    run = tracking.runs(job)["job"]
    table = json.loads(artifact(tracking, run, "front.json"))
    assert [row[table["columns"].index("trial")] for row in table["data"]] == [0, 1]
    assert {"path": "front.json", "type": "table"} in json.loads(
        run.data.tags["mlflow.loggedArtifacts"]
    )
    assert "Plotly.newPlot" in artifact(tracking, run, "front.html")
    report = artifact(tracking, run, "report.md")
    assert report.startswith("# front")
    assert run.data.tags["mlflow.note.content"] == report[:5000]


def test_a_later_job_of_the_same_name_has_runs_of_its_own(store, add_job, tracking, tmp_path):
    from nas.store.store import Store

    other = Store(f"sqlite:///{tmp_path / 'other.db'}")
    first, second = add_job(store, name="same"), add_job(other, name="same")
    assert first.created_ms != second.created_ms
    tracking.export(store, first)
    tracking.export(other, second)
    assert tracking.runs(first)["job"].info.run_id != tracking.runs(second)["job"].info.run_id
    other.close()


def test_a_deleted_experiment_is_named_with_the_way_back(store, add_job, fresh_tracking):
    job = add_job(store, name="deleted")
    fresh_tracking.export(store, job)
    client = fresh_tracking.client()
    client.delete_experiment(client.get_experiment_by_name("attention placement").experiment_id)
    outcome = fresh_tracking.exporter(store, job).start().close(30)
    assert "mlflow experiments restore --experiment-id" in outcome.reason


def test_runs_and_the_job_link_to_each_others_pages(store, add_job, tracking, monkeypatch):
    monkeypatch.setenv("NAS_DASHBOARD_URL", "https://nas.example/")
    monkeypatch.setenv("NAS_MLFLOW_URL", "https://mlflow.example")
    job = add_job(store, name="linked")
    tracking.export(store, job)
    runs = tracking.runs(job)
    assert runs["job"].data.tags["nas.page"] == "https://nas.example/jobs/linked"
    assert runs[4].data.tags["nas.page"] == "https://nas.example/jobs/linked/trials/4"
    note = runs["job"].data.tags["mlflow.note.content"]
    assert note.startswith("[Open in the dashboard](https://nas.example/jobs/linked)\n\n# linked")
    info = runs["job"].info
    assert job_summary(store, store.jobs.get("linked"))["mlflow"] == {
        "experiment_id": info.experiment_id,
        "run_id": info.run_id,
        "url": f"https://mlflow.example/#/experiments/{info.experiment_id}/runs/{info.run_id}"
        "?workflowType=machine_learning",
    }
    assert store.jobs.get("linked").details["rungs"] == [3, 6, 12]


def test_the_link_stands_on_a_run_before_its_verdict_and_stays(
    store, add_job, tracking, monkeypatch
):
    monkeypatch.setenv("NAS_DASHBOARD_URL", "https://nas.example")
    job = add_job(store, name="early", state="running")
    tracking.export(store, job)
    link = "[Open in the dashboard](https://nas.example/jobs/early)\n\n"
    assert tracking.runs(job)["job"].data.tags["mlflow.note.content"] == link
    store.jobs.set_state(job.id, "done")
    tracking.export(store, job)
    tracking.export(store, job)
    assert tracking.runs(job)["job"].data.tags["mlflow.note.content"].startswith(f"{link}# early")


def test_effects_are_a_table_and_a_page(store, add_job, tracking):
    kinds = ("se", "eca", "cbam", "bam")
    plain = [{"width": w, "flops": 10**6 * w, "accuracy": 0.8 + w / 100} for w in (4, 8)]
    found = [
        {"width": w, "attention": f"stage{s}:{kind}", "flops": 10**6 * w + s, "accuracy": 0.9}
        for w in (4, 8)
        for s, kind in enumerate(kinds[:3], 1)
    ]
    job = add_job(store, plain + found, name="effects")
    tracking.export(store, job)
    table = json.loads(artifact(tracking, tracking.runs(job)["job"], "effects.json"))
    expected = effects(store, job).effects
    assert expected
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert [row["type"] for row in rows] == [effect.type for effect in expected]
    assert [row["accuracy"] for row in rows] == [effect.accuracy.mean for effect in expected]
    assert [row["separable"] for row in rows] == [effect.separable for effect in expected]
    page = artifact(tracking, tracking.runs(job)["job"], "effects.html")
    assert page.count("</td>") == len({e.type for e in expected}) * 3


def test_the_database_is_made_by_one_process_while_others_wait(tmp_path):
    from nas.tracking.mlflow_client import _create_database

    path = tmp_path / "mlflow.db"
    with ThreadPoolExecutor(1) as pool:
        with (tmp_path / "mlflow.db.lock").open("w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            making = pool.submit(_create_database, f"sqlite:///{path}")
            with pytest.raises(TimeoutError):
                making.result(timeout=0.3)
            assert not path.exists()
        making.result(timeout=60)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (0,)

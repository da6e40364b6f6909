import json
import re
import zipfile

import pytest

from nas.drawing.measured import subject_of
from nas.store.schema import drawings
from search_spaces.architecture import Architecture, TaskShape

REPEATED = {
    "flops": 4_040_000,
    "accuracy": 0.96,
    "attention": "stage3:se",
    "repeats": [(1, 0.93, 0.92), (2, 0.95, 0.94)],
}


def text_of(answer):
    """What a reader sees: no tags, single blanks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def draw(store, job, number):
    trial = store.trials.get(job.id, number)
    shape = TaskShape(**job.details["shape"])
    subject = subject_of(Architecture.from_json(trial.architecture), shape).to_dict()
    with store.engine.begin() as connection:
        connection.execute(drawings.insert(), {"trial_id": trial.id, "subject": subject})
    return subject


@pytest.fixture
def job(store, add_job):
    details = {"recipe": {"epochs": 12, "batch_size": 64}}
    return add_job(store, [{"flops": 1, "accuracy": 0.9}, REPEATED], details=details)


def test_the_drawing_and_the_costs_are_those_measured_when_the_trial_was_added(browse, store, job):
    subject = draw(store, job, 1)
    answer = browse.get("/jobs/synthetic/trials/1")
    assert answer.text.count("<svg xmlns=") == 1
    assert f"{subject['total']['parameters']:,}" in text_of(answer)
    assert "stage3.pre_add" in text_of(answer)
    assert not re.search(r"<style|\sstyle=", answer.text)
    file = browse.get("/jobs/synthetic/trials/1/architecture.svg")
    assert file.headers["content-type"] == "image/svg+xml"
    assert file.text in answer.text
    assert "Content-Security-Policy" in file.headers


def test_a_trial_of_an_earlier_version_has_the_command_in_place_of_its_drawing(browse, job):
    answer = browse.get("/jobs/synthetic/trials/1")
    assert "nas draw synthetic --trial 1 -o network.svg" in answer.text
    assert "stage3.pre_add: se(ratio=4)" in text_of(answer)
    file = browse.get("/jobs/synthetic/trials/1/architecture.svg")
    assert file.status_code == 404


def test_repeats_have_their_rows_mean_and_interval(browse, job):
    answer = browse.get("/jobs/synthetic/trials/1")
    told = text_of(answer)
    assert "94.00 % on average over 2 further seeds, 95 % interval 81.29 % to 100.00 %" in told
    assert told.count("repeat ") >= 2
    assert 'href="/jobs/synthetic/trials/2"' in answer.text


def test_a_repeat_leads_to_what_it_repeats_and_shows_the_same_statistics(browse, job):
    told = text_of(browse.get("/jobs/synthetic/trials/3"))
    assert "Repeat on a further seed: the architecture of trial 1" in told
    assert "94.00 % on average over 2 further seeds" in told


def test_the_numbers_come_with_where_they_come_from(browse, store, job):
    told = text_of(browse.get("/jobs/synthetic/trials/1"))
    trial = store.trials.get(job.id, 1)
    for part in (trial.hash, "digits, hash 0000000000000000", "torch 2.15.0", "batch_size 64"):
        assert part in told, part


def test_a_report_from_the_cache_leads_to_where_it_was_trained(browse, store, job):
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE reports SET cached_from = 'other:7' WHERE trial_id = 1")
    assert 'href="/jobs/other/trials/7"' in browse.get("/jobs/synthetic/trials/0").text


@pytest.mark.parametrize(
    ("tracking_uri", "shown"),
    [
        ("http://mlflow:5000", 'href="http://mlflow:5000/#/experiments/3/runs?workflowType='),
        ("sqlite:///m.db", "mlflow server --backend-store-uri sqlite:///m.db"),
    ],
)
def test_the_trials_run_in_mlflow_is_linked_or_how_to_see_it(
    browse, store, add_job, tracking_uri, shown
):
    run = {"tracking_uri": tracking_uri, "experiment_id": "3", "run_id": "abc"}
    add_job(store, details={"mlflow": run})
    assert shown in browse.get("/jobs/synthetic/trials/1").text


def test_without_a_run_in_mlflow_there_is_no_word_of_it(browse, job):
    assert "MLflow" not in browse.get("/jobs/synthetic/trials/1").text


def test_failed_and_pruned_trials_say_so_and_have_nothing_to_take(browse, store, add_job):
    add_job(store)
    failed = text_of(browse.get("/jobs/synthetic/trials/6"))
    assert "Failed: diverged: for a test" in failed
    assert "No rung was reached yet" in failed
    pruned = text_of(browse.get("/jobs/synthetic/trials/5"))
    assert "Only a trial that trained to its end has weights to take" in pruned
    assert "3 of 12" in pruned


def test_without_a_dispatcher_the_command_stands_in_place_of_the_button(browse, store, job):
    page = browse.get("/jobs/synthetic/trials/1")
    assert "nas export synthetic --trial 1 --to synthetic-trial-1" in page.text
    assert "data-begin" not in page.text
    store.leases.appear("1@elsewhere/7/1", 1)
    assert page.text != (again := browse.get("/jobs/synthetic/trials/1")).text
    assert again.text.count("data-begin") == 2


def test_what_a_dispatcher_made_is_there_to_be_fetched(browse, store, job):
    store.leases.appear("1@elsewhere/7/1", 1)
    store.tasks.add("export", {"trial": 0}, job_id=job.id)
    task = store.tasks.add("export", {"trial": 1}, job_id=job.id)
    assert f'data-task="{task.id}"' in browse.get("/jobs/synthetic/trials/1").text
    store.tasks.claim("one")
    begun = store.tasks.claim("one")
    store.tasks.finish(begun, {"files": []})
    page = browse.get("/jobs/synthetic/trials/1").text
    assert f'href="/api/v1/tasks/{begun.id}/download"' in page


def test_a_task_that_failed_says_why(browse, store, job):
    store.tasks.add("export", {"trial": 1}, job_id=job.id)
    store.tasks.fail(store.tasks.claim("one"), {"kind": "x", "message": "its weights are <gone>"})
    assert "failed: its weights are &lt;gone&gt;" in browse.get("/jobs/synthetic/trials/1").text


@pytest.mark.parametrize("path", ["/jobs/synthetic/trials/99", "/jobs/nobody/trials/0"])
def test_what_is_not_there_is_a_page_with_a_way_back(browse, job, path):
    answer = browse.get(path)
    assert answer.status_code == 404
    assert "Not found" in answer.text


def test_the_accuracy_chart_has_every_epoch_and_every_rung(browse, store, job):
    chart = browse.get("/api/v1/jobs/synthetic/trials/1/charts/accuracy").json()
    drawn = {trace["name"]: trace for trace in chart["data"]}
    trial = store.trials.get(job.id, 1)
    rows = store.trials.reports(job.id)[trial.id]
    assert drawn["validation"]["x"] == [3, 6, 12]
    assert drawn["validation"]["y"] == [100 * row.validation_accuracy for row in rows]
    # Each of the three reports has three epochs before its own.
    assert drawn["training"]["x"] == [1, 2, 3, 4, 5, 6, 10, 11, 12]
    assert drawn["further seeds"]["x"] == [12, None, 12, None]
    assert [shape["x0"] for shape in chart["layout"]["shapes"]] == [3, 6, 12]
    assert {len(row) for row in chart["table"]["rows"]} == {len(chart["table"]["columns"])}
    assert len(chart["table"]["rows"]) == 9


def test_the_loss_chart_has_the_losses(browse, job):
    chart = browse.get("/api/v1/jobs/synthetic/trials/1/charts/loss").json()
    drawn = {trace["name"]: trace for trace in chart["data"]}
    assert drawn["training"]["y"][:3] == [0.9, 0.5, 0.3]
    assert drawn["validation"]["y"][-1] == pytest.approx(0.04)


def test_a_trial_without_reports_has_words_in_place_of_its_curve(browse, store, add_job):
    add_job(store)
    chart = browse.get("/api/v1/jobs/synthetic/trials/6/charts/accuracy").json()
    assert chart["data"] == []
    assert chart["empty"]
    assert json.dumps(chart)


def test_an_unknown_chart_is_refused_by_name(browse, job):
    answer = browse.get("/api/v1/jobs/synthetic/trials/1/charts/los")
    assert answer.status_code == 404
    assert "did you mean 'loss'?" in answer.json()["error"]["message"]


def test_attention_maps_are_shown_from_the_archive_that_a_dispatcher_made(
    browse, store, job, tmp_path
):
    task = store.tasks.add("attention_maps", {"trial": 1}, job_id=job.id)
    archive = tmp_path / ".nas" / "exports" / "tasks" / f"{task.id}.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("maps/stage3.svg", "<svg/>")
        made.writestr("maps/maps.json", "{}")
    files = ["maps.json", "stage3.svg"]
    result = {"files": files, "folder": "maps", "file": str(archive)}
    store.tasks.finish(store.tasks.claim("one"), result)
    page = browse.get("/jobs/synthetic/trials/1").text
    address = re.search(r'<img src="([^"]*maps/[^"]*)"', page)[1]
    assert address == "/jobs/synthetic/trials/1/maps/stage3.svg"
    answer = browse.get(address)
    assert (answer.text, answer.headers["content-type"]) == ("<svg/>", "image/svg+xml")
    for name in ("maps.json", "stage1.svg", "..%2Fstage3.svg"):
        assert browse.get(f"/jobs/synthetic/trials/1/maps/{name}").status_code == 404
    archive.unlink()
    assert browse.get(address).status_code == 404


def test_who_may_not_act_on_a_job_sees_the_trial_without_its_buttons_and_images(
    service, store, job
):
    store.leases.appear("1@elsewhere/7/1", 1)
    task = store.tasks.add("export", {"trial": 1}, job_id=job.id)
    store.tasks.finish(store.tasks.claim("one"), {"files": []})
    viewer = service.client(service.token("eve", "viewer"))
    page = viewer.get("/jobs/synthetic/trials/1").text
    assert "data-begin" not in page
    assert f"/tasks/{task.id}/download" not in page
    assert "Only the job" in page
    assert viewer.get("/jobs/synthetic/trials/1/maps/stage3.svg").status_code == 403

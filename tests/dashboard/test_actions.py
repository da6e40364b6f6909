"""What people do to jobs over HTTP, and who may."""

import pytest

JOB = "/api/v1/jobs/synthetic"


@pytest.fixture
def as_(serve, store):
    """``as_("bea", "viewer")``: a client with a token of that owner and role."""
    service = serve()
    made = {}

    def make(name, role="submitter"):
        if name not in made:
            made[name] = service.client(service.token(name, role))
        return made[name]

    return make


def test_a_submitter_acts_on_own_jobs(as_, store, add_job):
    add_job(store, [], state="queued", owner="ann")
    ann = as_("ann")
    steps = [
        ("pause", "paused"),
        ("resume", "queued"),
        ("cancel", "cancelled"),
        ("retry", "queued"),
    ]
    for verb, state in steps:
        answer = ann.post(f"{JOB}/{verb}")
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert ann.post(f"{JOB}/priority", json={"priority": 5}).json()["priority"] == 5
    assert ann.post(f"{JOB}/cancel").status_code == 200
    assert ann.delete(JOB).status_code == 204
    assert ann.get(JOB).status_code == 404


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume", "retry", "priority", "exports"])
def test_others_jobs_are_for_their_owners_and_administrators(as_, store, add_job, verb):
    add_job(store, [], state="queued", owner="ann")
    body = {"priority": {"priority": 1}, "exports": {"trial": 0}}.get(verb)
    answer = as_("bea").post(f"{JOB}/{verb}", json=body)
    assert answer.status_code == 403
    assert "'ann'" in answer.json()["error"]["message"]
    answer = as_("carl", "viewer").post(f"{JOB}/{verb}", json=body)
    assert "viewer" in answer.json()["error"]["message"]
    assert as_("root", "admin").post(f"{JOB}/{verb}", json=body).status_code != 403
    assert as_("carl", "viewer").get(JOB).status_code == 200
    assert as_("bea").delete(JOB).status_code == 403


def test_what_a_state_does_not_take_is_a_conflict_and_says_what_would(as_, store, add_job):
    add_job(store, owner="ann")
    answer = as_("ann").post(f"{JOB}/pause")
    assert answer.status_code == 409
    assert answer.json()["error"]["kind"] == "wrong_state"
    assert "done" in answer.json()["error"]["message"]


def test_a_submitters_priority_has_the_settings_limit(as_, store, add_job):
    add_job(store, [], state="queued", owner="ann")
    assert as_("ann").post(f"{JOB}/priority", json={"priority": 11}).status_code == 403
    assert as_("root", "admin").post(f"{JOB}/priority", json={"priority": 100}).status_code == 200
    assert as_("root", "admin").post(f"{JOB}/priority", json={"priority": 101}).status_code == 422
    assert as_("ann").post(f"{JOB}/priority", json={"priority": "1"}).status_code == 422


def test_a_driver_is_asked_where_there_is_one(as_, store, add_job):
    job = add_job(store, [], state="running", owner="ann")
    store.leases.take(job.id, "elsewhere/1/1")
    assert as_("ann").post(f"{JOB}/pause").json()["request"] == "pause"
    assert as_("ann").delete(JOB).status_code == 409


def test_an_export_is_a_task_of_the_trial(as_, store, add_job):
    job = add_job(store, owner="ann")
    answer = as_("ann").post(f"{JOB}/exports", json={"trial": 4})
    task = answer.json()
    assert answer.status_code == 202
    assert (task["state"], task["job"], task["download"]) == ("queued", "synthetic", False)
    assert store.tasks.get(task["id"]).payload["trial"] == 4
    assert store.tasks.get(task["id"]).job_id == job.id
    assert as_("ann").get(f"/api/v1/tasks/{task['id']}").json() == task
    assert as_("ann").get(f"/api/v1/tasks/{task['id']}/download").status_code == 409
    for body, status in (
        ({"trial": 99}, 404),
        ({"trial": 1, "pick": "knee"}, 400),
        ({"pick": "best"}, 422),
        ({"trial": 4, "register_as": "a/b"}, 400),
        ({"trial": 4, "register_as": ""}, 202),
        ({"under": {"flops": 3}}, 422),
    ):
        assert as_("ann").post(f"{JOB}/exports", json=body).status_code == status


def finished(store, job, file):
    task = store.tasks.add("export", {"trial": 1}, "ann", job.id)
    claimed = store.tasks.claim("somebody")
    store.tasks.finish(claimed, {"trial": 1, "file": str(file), "folder": "x"})
    return f"/api/v1/tasks/{task.id}"


def test_what_a_task_made_is_downloaded_by_who_may(as_, store, add_job, tmp_path):
    job = add_job(store, owner="ann")
    folder = tmp_path / ".nas" / "exports" / "tasks"
    folder.mkdir(parents=True)
    (folder / "1-model.zip").write_bytes(b"PK model")
    url = finished(store, job, folder / "1-model.zip")
    told = as_("ann").get(url).json()
    assert told["download"] and told["result"] == {"trial": 1, "folder": "x"}
    answer = as_("ann").get(f"{url}/download")
    assert answer.content == b"PK model"
    assert 'filename="1-model.zip"' in answer.headers["content-disposition"]
    assert as_("bea").get(f"{url}/download").status_code == 403


@pytest.mark.parametrize("where", ["/etc/passwd", "../secret", "link.zip", "gone.zip", "."])
def test_a_download_never_leaves_the_exports(as_, store, add_job, tmp_path, where):
    job = add_job(store, owner="ann")
    folder = tmp_path / ".nas" / "exports"
    folder.mkdir(parents=True)
    (tmp_path / ".nas" / "secret").write_text("secret")
    (folder / "link.zip").symlink_to(tmp_path / ".nas" / "secret")
    assert as_("ann").get(f"{finished(store, job, where)}/download").status_code == 404


def test_a_task_that_failed_answers_with_its_error(as_, store, add_job):
    job = add_job(store, owner="ann")
    task = store.tasks.add("export", {"trial": 1}, "ann", job.id)
    error = {"kind": "not_exportable", "message": "no code", "problems": [], "status": 409}
    store.tasks.fail(store.tasks.claim("somebody"), error)
    told = as_("ann").get(f"/api/v1/tasks/{task.id}").json()
    assert (told["state"], told["error"]["kind"]) == ("failed", "not_exportable")


def test_maps_and_another_training_are_tasks(as_, store, add_job):
    add_job(store, owner="ann")
    ann = as_("ann")
    assert ann.post(f"{JOB}/attention-maps", json={"trial": 4}).json()["kind"] == ("attention_maps")
    body = {"trial": 4, "epochs": 24}
    assert ann.post(f"{JOB}/retrain", json=body).json()["kind"] == "retrain"
    assert ann.post(f"{JOB}/retrain", json={"trial": 4}).status_code == 422


def test_unknown_tasks_are_not_found(as_):
    for number in (1, 2**62):
        assert as_("ann").get(f"/api/v1/tasks/{number}").status_code == 404
    assert as_("ann").get(f"/api/v1/tasks/{2**63}").status_code == 422

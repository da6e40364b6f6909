"""Job files over HTTP: refused at once with places, or a task whose outcome is the answer."""

import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

JOBS = "/api/v1/jobs"
JOB = """\
name: small
data: {name: digits}
space:
  backbone: {name: cifar_resnet, depth: 8, width: [4, 8]}
  attention:
    - types: {none: , se: {ratio: [2, 4]}}
recipe: {epochs: 4}
search: {trials: 6}
"""


@pytest.fixture
def ann(serve):
    service = serve()
    return service.client(service.token())


def check(client, text, *overrides):
    return client.post(f"{JOBS}/check", json={"job_file": text, "overrides": list(overrides)})


def problems(answer):
    return [(p["line"], p["column"], p["path"]) for p in answer.json()["error"]["problems"]]


class Dispatcher(threading.Thread):
    """Does the first task as it is told."""

    def __init__(self, store, outcome):
        super().__init__()
        self.store, self.outcome = store, outcome

    def run(self):
        deadline = time.monotonic() + 10
        self.task = None
        while self.task is None and time.monotonic() < deadline:
            self.task = self.store.tasks.claim("a test")
            time.sleep(0.02)
        self.outcome(self.task)


def test_a_submission_is_a_task_and_its_job_the_answer(ann, store):
    def record(task):
        store.tasks.finish(task, {"id": 1, "name": "small", "state": "queued"})

    dispatcher = Dispatcher(store, record)
    dispatcher.start()
    body = {"job_file": JOB, "overrides": ["search.trials=3"], "priority": 7}
    answer = ann.post(JOBS, json=body)
    dispatcher.join()
    assert answer.status_code == 201
    assert answer.headers["location"] == "/api/v1/jobs/small"
    assert answer.json()["name"] == "small"
    assert dispatcher.task.payload == {**body, "file_name": "job.yaml"}
    assert dispatcher.task.owner == "ann"


def test_what_only_the_deep_check_finds_is_the_answer_too(ann, store):
    told = {"kind": "over_limit", "message": "no", "problems": [], "status": 422}
    dispatcher = Dispatcher(store, lambda task: store.tasks.fail(task, told))
    dispatcher.start()
    answer = ann.post(JOBS, json={"job_file": JOB})
    dispatcher.join()
    assert answer.status_code == 422
    assert answer.json() == {"error": {"kind": "over_limit", "message": "no", "problems": []}}


def test_without_a_dispatcher_the_task_is_the_answer(ann, store):
    as_yaml = {"Content-Type": "application/yaml"}
    answer = ann.post(f"{JOBS}?wait=0&priority=3", content=JOB, headers=as_yaml)
    assert answer.status_code == 202
    (task,) = store.tasks.list()
    assert answer.json()["task"]["id"] == task.id
    asked = {"job_file": JOB, "overrides": [], "priority": 3}
    assert task.payload == {**asked, "file_name": "job.yaml"}


def test_all_problems_are_told_at_once_by_line_and_column(ann, store):
    text = JOB.replace("trials: 6", "trails: 6").replace("epochs: 4", "epochs: many")
    answer = ann.post(JOBS, json={"job_file": text})
    assert answer.status_code == 422
    assert problems(answer) == [
        (7, 18, "recipe.epochs"),
        (8, 1, "search.trials"),
        (8, 10, "search.trails"),
    ]
    assert store.tasks.list() == []


def test_a_name_that_is_taken_is_a_conflict(ann, store, add_job):
    add_job(store, name="small")
    assert ann.post(JOBS, json={"job_file": JOB}).status_code == 409
    assert check(ann, JOB).json()["problems"][0]["path"] == "name"


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("data.root=/etc", "the service knows data sets by name: few, digits"),
        ("data.download=true", "the service knows data sets by name"),
        ("data.name=fashion_mnist", "few"),
        ("workers.address=ray://elsewhere:10001", "its own cluster"),
        ("checkpoints.place=s3://mine/x", "its own place"),
        (
            "space={backbone: {name: 'os:system'}, attention: [{stages: [a], positions: "
            "[output], types: {none: , se: }}]}",
            "plug-ins",
        ),
        ("search.baselines={own: {mine: /etc/passwd}}", "means nothing here"),
    ],
)
def test_what_is_not_for_clients_is_refused(serve, store, key, told):
    service = serve(data={"few": {"name": "digits", "fraction": 0.5}})
    client = service.client(service.token(role="admin"))
    answer = client.post(JOBS, json={"job_file": JOB, "overrides": [key]})
    assert answer.status_code == 422
    assert told in answer.json()["error"]["message"]
    assert len(answer.json()["error"]["problems"]) == 1
    assert store.tasks.list() == []


def test_settings_can_allow_more(serve):
    service = serve(allow_plugins=True, allow_addresses=True)
    client = service.client(service.token())
    assert check(client, JOB, "workers.address=ray://there:10001").json()["valid"]
    entry = "{stages: [a], positions: [output], types: {se: }}"
    own = f"space={{backbone: {{name: 'mine:net'}}, attention: [{entry}]}}"
    assert check(client, JOB, own).json()["valid"]


def test_data_are_named_as_the_settings_name_them(serve):
    service = serve(data={"few": {"name": "digits", "fraction": 0.5}})
    answer = check(service.client(service.token()), JOB, "data.name=few").json()
    assert answer["spec"]["data"]["fraction"] == 0.5


def test_checking_tells_every_problem_and_records_nothing(ann, store):
    assert check(ann, JOB).json()["valid"] is True
    found = check(ann, JOB.replace("digits", "digts")).json()
    assert found["valid"] is False
    assert found["problems"][0]["line"] == 2
    assert "did you mean 'digits'?" in found["problems"][0]["message"]
    assert store.tasks.list() == []


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("text/plain", b"name: x", 400),
        ("", b"name: x", 400),
        ("application/json", b"{", 422),
        ("application/json", b'{"job_file": 3}', 422),
        ("application/json", b'{"job_file": "x", "more": 1}', 422),
        ("application/yaml", b"\xff\xfe", 400),
        ("application/yaml", b"", 422),
        ("application/yaml; charset=utf-8", b"- a list", 422),
    ],
)
def test_a_request_that_is_no_job_file_is_refused(ann, kind, content, status):
    answer = ann.post(JOBS, content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_a_viewer_submits_nothing(serve):
    service = serve()
    viewer = service.client(service.token(role="viewer"))
    assert viewer.post(JOBS, json={"job_file": JOB}).status_code == 403


def test_an_extension_is_checked_here_and_done_by_a_dispatcher(ann, store, tmp_path):
    store.jobs.create("old", ann_spec(ann), {"exhausted": False}, "ann")
    url = f"{JOBS}/old/extend"
    assert ann.post(url, json={"trials": 3}).status_code == 202
    assert ann.post(url, json={"space": "channel", "trials": 1}).status_code == 202
    refused = ann.post(url, json={"overrides": ["recipe.epochs=9"]})
    assert refused.status_code == 400
    assert "can't change" in refused.json()["error"]["message"]
    secret = tmp_path / "secret.yaml"
    secret.write_text("password: x")
    for space in (str(secret), "nowhere", {"backbone": {"name": "os:system"}}):
        answer = ann.post(url, json={"space": space, "trials": 1})
        assert answer.status_code == 422
        assert "password" not in answer.text
    assert [task.kind for task in store.tasks.list()] == ["extend", "extend"]


def ann_spec(client):
    return check(client, JOB).json()["spec"]


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**6), 10**6), st.floats(), st.text(max_size=8)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "name", "seed", "data", "data.name", "data.fraction", "space", "space.backbone",
        "space.backbone.width", "space.attention", "recipe.epochs", "search", "search.trials",
        "search.rungs", "search.baselines", "budget.epochs", "workers.count", "warm_start",
        "checkpoints", "tracking", "cost.limits",
    ]
)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(key=KEYS, value=VALUES)
def test_no_value_of_any_key_makes_the_check_fail(ann, key, value):
    import yaml

    answer = check(ann, JOB, f"{key}={yaml.safe_dump(value, default_flow_style=True)}")
    assert answer.status_code in (200, 422), answer.text


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_text_makes_the_check_fail(ann, data):
    lines = JOB.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at] = data.draw(st.one_of(st.text(max_size=30), st.just(lines[at][1:])))
    answer = check(ann, "\n".join(lines))
    assert answer.status_code in (200, 422), answer.text
    assert "Traceback" not in answer.text

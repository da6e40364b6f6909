from dataclasses import replace

import pytest

from nas.home import Home
from nas.tracking.follow import following


@pytest.fixture
def server_down(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")


def test_a_job_that_wants_no_tracking_gets_none(store, add_job, server_down, tmp_path):
    job = add_job(store)
    quiet = replace(job, spec={**job.spec, "tracking": {"enabled": False}})
    said = []
    with following(store, Home(tmp_path), quiet, said.append):
        pass
    assert said == []


def test_what_mlflow_lacks_is_said_with_the_way_to_add_it(store, add_job, server_down, tmp_path):
    job, said = add_job(store), []
    with following(store, Home(tmp_path), job, said.append):
        pass
    (line,) = said
    assert "connection refused" in line
    assert line.endswith("nas resume synthetic adds it")
    assert [one.name for one in store.jobs.untracked()] == [job.name]


def test_an_error_of_the_work_passes_through(store, add_job, server_down, tmp_path):
    with pytest.raises(ValueError, match="of the work"):  # noqa: SIM117
        with following(store, Home(tmp_path), add_job(store), lambda line: None):
            raise ValueError("of the work")


def test_a_followed_job_is_in_mlflow_afterwards(store, add_job, tracking, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking.uri)
    job, said = add_job(store, name="followed-by-name"), []
    with following(store, Home(tmp_path), job, said.append):
        pass
    assert said == []
    assert store.jobs.untracked() == []
    store.jobs.set_priority(job.id, 5)  # one more event
    assert [one.name for one in store.jobs.untracked()] == [job.name]
    assert len(tracking.runs(job)) == 8

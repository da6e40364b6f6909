import json

import pytest

from nas.holding import control
from nas.holding.leasing import driving


@pytest.fixture
def done_job(store, add_job, here):
    return add_job(store)


def test_logs_are_lines_with_what_happened(nas, done_job):
    told = nas("logs", "synthetic").stdout
    lines = [line.split("  ", 1)[1] for line in told.splitlines()]
    assert lines[0] == "job queued"
    assert "trial 0: 90.0 % at epoch 12, done" in lines
    assert "trial 6: failed: diverged: for a test" in lines
    assert lines[-1] == "job done"


def test_logs_as_json_are_one_event_a_line_after_an_id(nas, done_job):
    events = [
        json.loads(line) for line in nas("logs", "synthetic", "-o", "json").stdout.split("\n")[:-1]
    ]
    rest = nas("logs", "synthetic", "-o", "json", "--after", events[3]["id"]).stdout
    assert [json.loads(line) for line in rest.split("\n")[:-1]] == events[4:]
    assert events[0] == {
        "id": 1,
        "kind": "job_queued",
        "at": events[0]["at"],
        "data": {"name": "synthetic"},
    }


def test_following_ends_with_the_job(nas, done_job):
    assert nas("logs", "synthetic", "-f").stdout == nas("logs", "synthetic").stdout


@pytest.mark.parametrize(("state", "status"), [("done", 0), ("failed", 100), ("cancelled", 103)])
def test_waiting_tells_how_a_job_ended(nas, here, store, add_job, state, status):
    add_job(store, state=state)
    assert nas("wait", "synthetic").exit_code == status
    assert nas("watch", "synthetic").exit_code == status


def test_waiting_may_be_given_up(nas, here, store, add_job):
    add_job(store, state="queued")
    done = nas("wait", "synthetic", "--timeout", 0, "-o", "json")
    assert done.exit_code == 101
    assert json.loads(done.stdout)["state"] == "queued"


@pytest.mark.parametrize("state", ["paused", "interrupted"])
def test_waiting_for_what_stands_still_says_so(nas, here, store, add_job, state):
    add_job(store, state=state)
    done = nas("wait", "synthetic", "--timeout", 0)
    assert done.stderr == f"synthetic is {state}; it goes on with: nas resume synthetic\n"
    assert done.exit_code == 101


def test_watching_without_a_terminal_tells_lines(nas, done_job):
    told = nas("watch", "synthetic").stdout
    assert told == (
        "done: 7 of 7 trials, 5 done, 1 pruned, 1 failed; best 96.0 %, 4 on the front\n"
    )


def test_unknown_jobs_are_refused(nas, done_job):
    for command in ("logs", "watch", "wait"):
        done = nas(command, "synthetik")
        assert done.exit_code == 102
        assert "did you mean 'synthetic'" in done.stderr


def test_deleting_asks_and_forgets_everything(nas, here, store, done_job, monkeypatch):
    monkeypatch.setattr(control, "LEAVING_SECONDS", 0.0)
    kept = here / ".nas" / "checkpoints" / "synthetic" / "00001"
    kept.mkdir(parents=True)
    refused = nas("delete", "synthetic")
    assert refused.exit_code == 2
    assert "7 trials; say --yes" in refused.stderr
    assert kept.exists()
    with driving(store, done_job):
        busy = nas("delete", "synthetic", "--yes")
        assert busy.exit_code == 2
        assert "a process works on it" in busy.stderr
    assert nas("delete", "synthetic", "--yes").exit_code == 0
    assert not kept.exists()
    assert nas("show", "synthetic").exit_code == 102

import json

import pytest

from nas.holding.leasing import driving


def told(done):
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_a_queued_job_is_paused_queued_again_and_cancelled(nas, job):
    assert nas("submit", job, "--priority", 3).exit_code == 0
    assert told(nas("pause", "small", "-o", "json"))["state"] == "paused"
    assert told(nas("resume", "small", "--queue", "-o", "json"))["state"] == "queued"
    assert told(nas("priority", "small", "-5", "-o", "json"))["priority"] == -5
    assert nas("cancel", "small").stdout == "job 1 (small) is cancelled\n"
    assert told(nas("retry", "small", "-o", "json"))["state"] == "queued"


def test_a_running_job_is_asked(nas, here, store, add_job):
    job = add_job(store, state="running")
    with driving(store, job):
        done = nas("pause", "synthetic")
        assert "is running and asked to pause" in done.stdout
        assert "asked to pause" in nas("show", "synthetic").stdout


@pytest.mark.parametrize("command", ["pause", "cancel", "retry"])
def test_unknown_jobs_and_wrong_states_are_refused(nas, here, store, add_job, command):
    add_job(store)
    assert nas(command, "synthetik").exit_code == 102
    done = nas(command, "synthetic")
    assert done.exit_code == 2
    assert "is done and can't be" in done.stderr

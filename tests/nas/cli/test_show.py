import json

import pytest
from sqlalchemy import update

from nas.analysis.summary import job_summary
from nas.holding.leasing import driving
from nas.store.schema import jobs


def test_a_job_by_name_and_by_id(nas, store, add_job):
    job = add_job(store, budget=40)
    text = nas("show", job.name).stdout
    assert text == nas("show", str(job.id)).stdout
    assert "job 1 (synthetic) is done" in text
    assert "7 of 40: 5 done, 1 pruned, 1 failed" in text
    assert "96.0 % (trial 4), 4.04 MFLOPs" in text


def test_a_space_that_ran_out_is_said_so(nas, store, add_job):
    add_job(store, budget=40, details={"exhausted": True})
    assert "1,000 architectures, nothing new is left, rungs" in nas("show", "synthetic").stdout


def test_json_is_the_summary(nas, store, add_job):
    job = add_job(store)
    assert json.loads(nas("show", job.name, "-o", "json").stdout) == job_summary(store, job)


def test_trials_are_listed_with_failures_last(nas, store, add_job):
    trials = [
        {"flops": 10, "state": "failed"},
        {"flops": 2_500_000, "accuracy": 0.9, "attention": "stage3:se", "repeats": [(1, 0.9, 0.8)]},
    ]
    add_job(store, trials)
    lines = nas("show", "synthetic", "--trials").stdout.split("\n\n")[-1].splitlines()
    assert [line.split()[0] for line in lines] == ["trial", "1", "2", "0"]
    assert "repeats 1" in lines[2]
    assert "se in stage3" in lines[1]
    assert "2.50" in lines[1]
    assert "failed: diverged: for a test" in lines[3]


def test_trials_as_json(nas, store, add_job):
    add_job(store)
    found = json.loads(nas("show", "synthetic", "--trials", "-o", "json").stdout)["trial_list"]
    assert [trial["trial"] for trial in found] == list(range(7))
    assert found[3]["architecture"]["attention"]["stage3.pre_add"]["type"] == "cbam"


def test_a_job_whose_driver_died_says_how_to_go_on(nas, here, store, add_job):
    job = add_job(store, state="running")
    assert "nas resume synthetic" in nas("show", "synthetic").stdout
    with driving(store, job):
        assert "nas resume" not in nas("show", "synthetic").stdout


def test_trials_of_a_job_that_nobody_drives_do_not_run(nas, here, store, add_job):
    trials = [{"flops": 10, "state": "running"}, {"flops": 20, "state": "running"}]
    job = add_job(store, trials, state="running")
    assert "2 of 2: 2 cut short" in nas("show", "synthetic").stdout
    with driving(store, job):
        assert "2 of 2: 2 running" in nas("show", "synthetic").stdout


@pytest.mark.parametrize("state", ["queued", "paused", "interrupted", "failed"])
def test_what_can_be_resumed_says_so(nas, store, add_job, state):
    add_job(store, state=state)
    assert "nas resume synthetic" in nas("show", "synthetic").stdout


@pytest.mark.parametrize("command", ["show", "front", "report"])
def test_an_unknown_job_is_refused(nas, here, store, add_job, command):
    add_job(store)
    found = nas(command, "sintetic")
    assert found.exit_code == 102
    assert found.stderr == "error: no job 'sintetic' (did you mean 'synthetic'?)\n"


@pytest.mark.parametrize("command", ["show", "front", "report"])
def test_without_a_store_there_is_no_job_and_nothing_is_written(nas, here, command):
    found = nas(command, "any", "-o", "json")
    assert found.exit_code == 102
    assert json.loads(found.stderr)["error"]["kind"] == "not_found"
    assert list(here.iterdir()) == []


def test_a_job_that_has_not_begun_shows_no_empty_rows(nas, store, add_job):
    add_job(store, [], state="queued", budget=3)
    text = nas("show", "synthetic").stdout
    assert "0 of 3" in text
    assert "finalists" not in text
    assert "epochs " not in text.replace("12 epochs", "")


def test_only_a_job_that_is_done_has_finished(nas, store, add_job):
    add_job(store, name="whole")
    add_job(store, name="half", state="interrupted")
    assert "finished" in nas("show", "whole").stdout
    assert "finished" not in nas("show", "half").stdout
    assert "stopped" in nas("show", "half").stdout


def test_what_is_limited_is_shown_with_its_limit(nas, store, add_job):
    job = add_job(store)
    spec = job.spec | {"budget": {"epochs": 100, "gpu_hours": 2.0}}
    with store.engine.begin() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job.id).values(spec=spec))
    key = store.charges.open(job.id, 0, "train", 1, 0.5)
    store.charges.close(key, "ok", 3600.0, 42)
    lines = [line.split() for line in nas("show", "synthetic").stdout.splitlines()]
    assert ["epochs", "in", "all", "42", "of", "100"] in lines
    assert ["GPU-hours", "0.500", "of", "2.00"] in lines
    assert ["CPU-hours", "1.00"] in lines


def test_weights_that_made_room_are_counted_with_where_the_others_lie(nas, store, add_job):
    over = {"bytes": 3_000_000, "limit": 2_000_000}
    job = add_job(store, details={"checkpoints": "s3://b/x/a-1", "over_disk_limit": over})
    store.trials.drop_checkpoint(store.trials.get(job.id, 4), 12)
    text = " ".join(nas("show", job.name).stdout.split())
    assert "checkpoints in s3://b/x/a-1, 3 MB were needed and kept although 2 MB was the" in text
    assert "the weights of 1 trial made room" in text

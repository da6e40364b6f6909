import json
import re

import pytest

from nas.analysis.progress import history
from nas.analysis.summary import STATES, iso, job_summary
from nas.analysis.verdict import verdict
from nas.budget import STOPPED
from nas.store.schema import TRIAL_STATES

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def test_every_state_of_a_trial_is_counted():
    assert set(STATES) == set(TRIAL_STATES)


def test_trials_are_counted_by_state_without_repeats(store, add_job):
    trials = [
        {"flops": 10, "accuracy": 0.9, "repeats": [(1, 0.9, None), (2, 0.9, None)]},
        {"flops": 20, "accuracy": 0.8, "epoch": 3},
        {"flops": 30, "state": "failed"},
        {"flops": 40, "accuracy": 0.8, "epoch": 3, "state": "waiting"},
        {"flops": 50, "state": "running"},
    ]
    found = job_summary(store, add_job(store, trials, state="running", budget=9))
    assert found["trials"] == {
        "total": 5,
        "done": 1,
        "pruned": 1,
        "failed": 1,
        "running": 1,
        "waiting": 1,
    }
    assert (found["finalists"]["total"], found["finalists"]["done"]) == (2, 2)
    none = dict.fromkeys(("epochs", "wall_clock", "cpu_hours", "gpu_hours"))
    assert found["budget"] == {"trials": 9, **none}
    assert found["spent"] == {"trials": 5, **dict.fromkeys(none, 0)}
    assert found["stopped_by"] is None


def test_epochs_saved_are_those_that_pruned_trials_did_not_train(store, add_job):
    trials = [
        {"flops": 10, "accuracy": 0.9, "repeats": [(1, 0.9, None)]},
        {"flops": 20, "accuracy": 0.8, "epoch": 3},
        {"flops": 30, "accuracy": 0.8, "epoch": 6},
        {"flops": 40, "accuracy": 0.8, "epoch": 3, "state": "failed"},
        {"flops": 50, "accuracy": 0.8, "epoch": 3, "state": "waiting"},
    ]
    found = job_summary(store, add_job(store, trials, state="running"))["epochs"]
    assert (found["trained"], found["without_pruning"]) == (27, 42)
    assert found["saved_share"] == pytest.approx(15 / 42)


def test_what_a_budget_cut_short_is_not_saved_by_pruning(store, add_job):
    job = add_job(store, [{"flops": 10, "accuracy": 0.9}, {"flops": 20, "state": "running"}])
    store.trials.set_state(store.trials.list(job.id)[1], "pruned", STOPPED)
    found = job_summary(store, job)["epochs"]
    assert (found["without_pruning"], found["saved_share"]) == (12, 0.0)
    assert verdict(store, job).epochs["saved_share"] == 0.0
    assert history(job, store.trials.results(job.id))[-1].without_pruning == 12


def test_worker_seconds_are_those_of_all_rungs_and_repeats(store, add_job):
    trials = [{"flops": 10, "accuracy": 0.9, "repeats": [(1, 0.9, None)]}]
    found = job_summary(store, add_job(store, trials))
    assert found["worker_seconds"] == pytest.approx(4 * 2.5)


def test_the_best_is_the_most_accurate_finished_trial(store, add_job):
    found = job_summary(store, add_job(store))
    assert found["best"] == {
        "trial": 4,
        "label": "",
        "accuracy": 0.96,
        "forward_flops": 4_040_000,
        "parameters": 40_400,
        "latency_ms": None,
    }
    assert found["front_size"] == 4


def test_a_queued_job_has_a_summary_too(store, add_job):
    found = job_summary(store, add_job(store, [], state="queued", budget=5))
    assert (found["state"], found["trials"]["total"], found["best"]) == ("queued", 0, None)
    assert (found["started"], found["finished"], found["worker_seconds"]) == (None, None, 0)
    empty = {"trained": 0, "inherited": 0, "reused": 0, "without_pruning": 0, "saved_share": 0.0}
    assert found["epochs"] == empty
    assert found["cache"] == {"reports": 0, "epochs": 0, "worker_seconds": 0}


def test_times_are_iso_utc(store, add_job):
    found = job_summary(store, add_job(store))
    assert all(ISO.fullmatch(found[key]) for key in ("created", "started", "finished"))
    assert iso(1_700_000_000_999) == "2023-11-14T22:13:20Z"


def test_the_summary_is_json(store, add_job):
    json.dumps(job_summary(store, add_job(store)), allow_nan=False)

import json
from dataclasses import replace

import pytest

from nas.analysis.ledger import Saving, ledger
from nas.analysis.spending import limits_of, spending, spent_words
from nas.budget import STOPPED, Spending
from nas.store.records import INHERITED, NewTrial, ReportRow

REPORT = ReportRow(
    0, 0, 0.5, 1.0, (1.0, 0.9), (0.4, 0.5), 0.2, 0.1, "", "", "host:1", "cpu", 5
)  # fmt: skip


@pytest.fixture
def made(store, add_job):
    """A job of the sample trials, some repeats, and charges for some of it."""
    entries = [
        {"label": "none", "flops": 1_000_000, "accuracy": 0.9, "repeats": [(1, 0.9, None)]},
        {"flops": 2_000_000, "accuracy": 0.95},
        {"flops": 3_000_000, "accuracy": 0.8, "epoch": 3},
        {"flops": 4_000_000, "accuracy": 0.8, "epoch": 6},
    ]
    job = add_job(store, entries, state="running")
    drive = store.charges.begin_drive(job.id)

    def charge(number, work, outcome, seconds, epochs=0):
        key = store.charges.open(job.id, number, work, 2, 0.5)
        store.charges.close(key, outcome, seconds, epochs)

    charge(None, "latency", "ok", 1.0)
    charge(0, "train", "ok", 12.0, 12)
    charge(1, "train", "lost", 4.0)
    charge(1, "train", "ok", 24.0, 12)
    charge(2, "train", "ok", 3.0, 3)
    charge(3, "train", "stopped", 2.0)
    charge(4, "train", "ok", 12.0, 12)
    charge(1, "test", "ok", 0.5)
    charge(4, "retrain", "ok", 60.0, 60)
    store.charges.beat(drive, 100.0)
    return job


def test_every_second_is_in_one_purpose(store, made):
    found = ledger(store, made)
    seconds = {name: entry.seconds for name, entry in found.purposes.items()}
    assert seconds == {
        "baselines": 12.0,
        "search": 27.0,
        "finalists": 12.0,
        "test accuracy": 0.5,
        "latency": 1.0,
        "retrained": 60.0,
        "lost": 4.0,
        "stopped": 2.0,
    }
    assert list(seconds)[:3] == ["baselines", "search", "finalists"]
    charges = store.charges.list(made.id)
    assert found.total.seconds == sum(seconds.values()) == sum(c.seconds for c in charges)
    assert found.total.tasks == len(charges) == sum(e.tasks for e in found.purposes.values())
    assert found.total.cpu_hours == pytest.approx(2 * found.total.seconds / 3600)
    assert found.total.gpu_hours == pytest.approx(0.5 * found.total.seconds / 3600)


def test_a_trial_costs_all_of_its_tasks(store, made):
    trial = ledger(store, made).trials[1]
    assert (trial.cost.tasks, trial.cost.seconds, trial.cost.epochs) == (3, 28.5, 12)


def test_a_budget_counts_everything_but_what_was_retrained_by_hand(store, made):
    spent = spending(store, made)
    assert spent.epochs == 39
    assert spent.cpu_hours == pytest.approx(2 * 58.5 / 3600)
    assert spent.wall_clock == pytest.approx(100 / 3600)
    assert ledger(store, made).spent == spent
    assert limits_of(made) == dict.fromkeys(["epochs", "wall_clock", "cpu_hours", "gpu_hours"])


def test_workers_without_a_task_are_shown_apart(store, made):
    assert ledger(store, made).idle_seconds == pytest.approx(2 * 100 - 58.5)


def test_pruning_saved_what_was_not_trained_at_each_trials_own_pace(store, made):
    found = ledger(store, made)
    pruned = [entry.pruned for entry in found.trials]
    assert [saving.epochs for saving in pruned[:4]] == [0, 0, 9, 6]
    assert pruned[2].seconds == pytest.approx(9 * 2.5 / 3)  # each report of 3 epochs took 2.5 s
    assert found.saved["pruning"] == pruned[2] + pruned[3]


def test_a_trial_left_for_its_score_saved_the_first_rung_by_inheritance(store, made):
    new = NewTrial("search", "f" * 32, "{}", {}, 0, 10, 5_000_000)
    trial = store.trials.add(made.id, 5, new)
    score = replace(REPORT, trial_id=trial.id, epoch=INHERITED)
    store.trials.report(trial, score, "waiting")
    store.trials.set_state(trial, "pruned")
    entry = ledger(store, made).trials[5]
    assert (entry.inherited.epochs, entry.pruned.epochs) == (3, 9)
    assert entry.inherited.seconds == pytest.approx(entry.pruned.seconds / 3)
    assert ledger(store, made).saved["inheritance"] == entry.inherited


def test_what_the_budget_stopped_is_not_saved(store, made):
    (trial,) = [t for t in store.trials.list(made.id) if t.number == 3]
    store.trials.set_state(trial, "pruned", STOPPED)
    assert ledger(store, made).trials[3].pruned == Saving(0, 0.0)


def test_it_is_json(store, made):
    found = ledger(store, made)
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
    assert "trials" not in found.to_dict()
    each = found.to_dict(trials=True)["trials"][1]
    assert (each["trial"], each["seconds"], each["saved_by_cache"]["epochs"]) == (1, 28.5, 0)


def test_a_job_that_has_not_begun_cost_nothing(store, add_job):
    found = ledger(store, add_job(store, [], state="queued", budget=3))
    assert (found.purposes, found.trials, found.idle_seconds) == ({}, (), 0)
    assert found.total.seconds == 0


def test_words():
    spent = Spending(1200, 1.5, 2.0, 0.0)
    assert spent_words("flowers", spent) == (
        "All of it, repeats included, took 1,200 epochs, 1 h 30 min of wall clock and "
        "2.00 CPU-hours: nas ledger flowers."
    )
    assert "2.00 CPU-hours and 0.500 GPU-hours" in spent_words("a", Spending(1, 1, 2, 0.5))

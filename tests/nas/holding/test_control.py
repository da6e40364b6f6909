import threading

import pytest

from nas.errors import NotFound, UsageProblem, WrongState
from nas.holding import control
from nas.holding.control import cancel, delete, pause, requeue, retry, set_priority
from nas.holding.leasing import driving


def test_a_queued_job_is_held_back_at_once_and_goes_on(store, add_job):
    job = add_job(store, state="queued")
    assert pause(store, job).state == "paused"
    assert store.leases.of(job.id) is None
    assert requeue(store, store.jobs.get(job.name)).state == "queued"


def test_a_driven_job_is_asked(store, add_job):
    job = add_job(store, state="running")
    with driving(store, job):
        asked = pause(store, job)
        assert (asked.state, asked.request) == ("running", "pause")
        assert requeue(store, asked).request == ""
        assert cancel(store, job).request == "cancel"


@pytest.mark.parametrize(
    ("state", "action", "then"),
    [
        ("paused", requeue, "queued"),
        ("cancelled", retry, "queued"),
        ("paused", cancel, "cancelled"),
    ],
)
def test_who_tidies_up_after_a_job_is_waited_for(store, add_job, state, action, then):
    job = add_job(store, state=state)
    held, done = threading.Event(), threading.Event()

    def tidy():
        with driving(store, job):
            held.set()
            done.wait(60)

    leaving = threading.Thread(target=tidy)
    leaving.start()
    assert held.wait(60)
    threading.Timer(0.5, done.set).start()
    assert action(store, job).state == then
    assert done.is_set()
    assert store.jobs.get(job.name).request == ""
    leaving.join()


def test_who_does_not_leave_is_named(store, add_job, monkeypatch):
    monkeypatch.setattr(control, "LEAVING_SECONDS", 0.2)
    job = add_job(store, state="paused")
    with driving(store, job), pytest.raises(WrongState, match="driven already, by process"):
        requeue(store, job)


def test_cancelling_keeps_results_and_leaves_nothing_running(store, add_job):
    trials = [
        {"width": 4, "flops": 1_000_000, "accuracy": 0.9},
        {"width": 8, "flops": 2_000_000, "accuracy": 0.8, "epoch": 3, "state": "waiting"},
        {"width": 8, "flops": 3_000_000, "state": "running"},
    ]
    job = add_job(store, trials, state="interrupted")
    assert cancel(store, job).state == "cancelled"
    found = store.trials.list(job.id)
    assert [t.state for t in found] == ["done", "pruned", "pruned"]
    assert [t.reason for t in found] == ["", "cancelled", "cancelled"]
    again = retry(store, store.jobs.get(job.name))
    assert again.state == "queued"
    assert [t.state for t in store.trials.list(job.id)] == ["done", "waiting", "running"]


def test_failed_trials_get_another_chance_only_if_asked_for(store, add_job):
    job = add_job(store)
    with pytest.raises(WrongState, match="is done and can't be retried"):
        retry(store, job)
    assert retry(store, job, failed_trials=True).state == "queued"
    assert "failed" not in {t.state for t in store.trials.list(job.id)}


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (pause, "paused"),
        (pause, "done"),
        (cancel, "cancelled"),
        (cancel, "done"),
        (requeue, "queued"),
        (requeue, "cancelled"),
        (retry, "queued"),
        (retry, "running"),
    ],
)
def test_what_makes_no_sense_in_a_state_is_refused(store, add_job, action, state):
    job = add_job(store, state=state)
    before = store.jobs.events(job.id)
    with pytest.raises(WrongState, match=f"is {state} and can't be .*takes one of"):
        action(store, job)
    assert store.jobs.events(job.id) == before


def test_a_job_is_forgotten_with_everything_but_not_while_it_runs(store, add_job):
    job, other = add_job(store, state="running"), add_job(store, name="other")
    with driving(store, job), pytest.raises(WrongState, match="nas cancel"):
        delete(store, job)
    delete(store, job)
    with pytest.raises(NotFound):
        store.jobs.get("synthetic")
    assert store.trials.list(job.id) == store.jobs.events(job.id) == []
    assert store.trials.list(other.id)


def test_priorities_have_bounds(store, add_job):
    job = add_job(store, state="queued")
    assert set_priority(store, job, -100).priority == -100
    with pytest.raises(UsageProblem, match="101 is not within -100 to 100"):
        set_priority(store, job, 101)

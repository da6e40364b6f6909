import time
from contextlib import contextmanager

import pytest

from nas.errors import DataProblem, LeaseLost, NoSuchDevice, OverLimit, WrongState
from nas.holding.control import cancel, pause, requeue, retry
from nas.holding.leasing import driving, is_driven
from nas.home import Home
from nas.jobs.driver import drive_job
from tests.nas.search.conftest import Workers, record
from workers.errors import DataError, PoolError


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def drive(store, home, job, workers=None, **more):
    return drive_job(store, home, job, open_pool=lambda job, say: workers or Workers(), **more)


def counts(store, job):
    found = {}
    for trial in store.trials.list(job.id):
        key = (trial.kind, trial.state)
        found[key] = found.get(key, 0) + 1
    return found


def test_a_job_ends_with_search_repeats_and_test_accuracies(store, home):
    job = drive(store, home, record(store))
    assert job.state == "done"
    found = counts(store, job)
    assert found.pop(("finalist", "done")) >= 2 * 5
    assert set(found) == {("baseline", "done"), ("search", "done"), ("search", "pruned")}
    assert sum(found.values()) == 20
    front = [t for t in store.trials.list(job.id) if t.kind == "baseline"]
    assert all(t.test_accuracy is not None for t in front)


def test_observers_hear_of_every_phase_in_order(store, home):
    heard = []
    drive(store, home, record(store), observe=heard.append)
    phases = [p.phase for p in heard]
    assert list(dict.fromkeys(phases)) == ["search", "finalists", "done"]
    search = [p for p in heard if p.phase == "search"]
    assert search[-1].done == search[-1].total == 20
    assert 0 < search[-1].hypervolume < 1
    assert search[-1].epochs == sum(t.epoch for t in store.trials.list(1) if t.kind != "finalist")


def test_observers_hear_what_was_spent_of_a_budget(store, home):
    heard = []
    job = record(store, **{"budget.epochs": 60, "search.sampler": "random"})
    drive(store, home, job, observe=heard.append)
    told = [p.budget for p in heard if p.phase != "done"]
    assert told[0] == "epochs 0 of 60"
    assert told[-1] in store.jobs.get("small").reason


def test_ctrl_c_leaves_a_job_that_goes_on(store, home):
    def spoil(task, answer):
        if task.key.startswith("6:"):
            raise KeyboardInterrupt
        return answer

    job = record(store)
    with pytest.raises(KeyboardInterrupt):
        drive(store, home, job, Workers(spoil=spoil))
    assert store.jobs.get("small").state == "interrupted"
    assert not is_driven(store.leases.of(job.id))
    assert drive(store, home, store.jobs.get("small")).state == "done"


@pytest.mark.parametrize(
    ("raised", "becomes"), [(DataError("gone"), DataProblem), (PoolError("none"), NoSuchDevice)]
)
def test_what_ends_a_job_is_recorded_and_told_as_ours(store, home, raised, becomes):
    def spoil(task, answer):
        raise raised

    with pytest.raises(becomes, match=str(raised)):
        drive(store, home, record(store), Workers(spoil=spoil))
    job = store.jobs.get("small")
    assert (job.state, job.reason) == ("failed", str(raised))


def test_a_bug_is_recorded_too(store, home):
    def spoil(task, answer):
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        drive(store, home, record(store), Workers(spoil=spoil))
    assert store.jobs.get("small").state == "failed"


def test_a_follower_sees_the_job_from_its_start_to_its_end(store, home):
    seen = []

    @contextmanager
    def follower():
        seen.append(store.jobs.get("small").state)
        yield
        seen.append(store.jobs.get("small").state)

    drive(store, home, record(store), follower=follower())
    assert seen == ["queued", "done"]


def test_latency_as_the_objective_fixes_its_reference_first(store, home):
    job = record(store, **{"cost.objective": "latency_ms", "search.trials": 8})
    job = drive(store, home, job)
    assert job.state == "done"
    assert job.details["reference"]["cost"] > 0
    assert job.details["latency_reference"]["median_ms"] > 0
    assert all(t.latency_ms for t in store.trials.list(job.id) if t.kind != "finalist")


def test_a_latency_limit_that_nothing_meets_ends_the_job(store, home):
    job = record(store, **{"cost.limits": {"latency_ms": 1e-9}, "search.trials": 8})
    workers = Workers()
    with pytest.raises(OverLimit, match=r"latency_ms is 1e-09, but the fastest of \d+ measured"):
        drive(store, home, job, workers)
    assert store.jobs.get("small").state == "failed"
    assert "raise the limit" in store.jobs.get("small").reason
    measured = [task.key for task in workers.seen if task.key.startswith("latency:")]
    assert len(set(measured)) == len(measured)


def test_a_drive_begins_with_sweeping_what_a_killed_worker_left(store, home):
    job = record(store)
    folder = home.checkpoints(job.name) / "00001"
    folder.mkdir(parents=True)
    unfinished = folder / ".0003.pt.999999999.0123abcd"
    unfinished.touch()
    drive(store, home, job)
    assert not unfinished.exists()


def asking(store, what, at="6:"):
    """Workers under whom somebody asks something of the driver, once, at a task."""
    asked = []

    def spoil(task, answer):
        if task.key.startswith(at) and not asked:
            asked.append(what(store, store.jobs.get("small")))
            deadline = time.monotonic() + 10
            while store.leases.of(1).beats < store.beats_seen + 2:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        store.beats_seen = held.beats if (held := store.leases.of(1)) else 0
        return answer

    store.beats_seen = 0
    return Workers(2, spoil=spoil)


@pytest.fixture
def quick_beats(monkeypatch):
    monkeypatch.setattr("nas.holding.leasing.BEAT_SECONDS", 0.02)


def test_a_paused_job_keeps_what_ran_and_goes_on(store, home, quick_beats):
    job = drive(store, home, record(store), asking(store, pause))
    assert (job.state, job.request) == ("paused", "")
    assert not is_driven(store.leases.of(job.id))
    assert store.charges.list(job.id, "lost") == store.charges.list(job.id, "stopped") == []
    before = store.trials.reports(job.id)
    assert requeue(store, job).state == "queued"
    job = drive(store, home, store.jobs.get("small"))
    assert job.state == "done"
    after = store.trials.reports(job.id)
    assert all(after[trial][: len(rows)] == rows for trial, rows in before.items())
    assert ("finalist", "done") in counts(store, job)


def test_a_cancelled_job_keeps_its_results_and_can_be_retried(store, home, quick_beats):
    job = drive(store, home, record(store), asking(store, cancel))
    assert job.state == "cancelled"
    states = {trial.state for trial in store.trials.list(job.id)}
    assert states <= {"done", "pruned", "failed"}
    cut_off = [t for t in store.trials.list(job.id) if t.reason == "cancelled"]
    assert cut_off
    assert retry(store, job).state == "queued"
    job = drive(store, home, store.jobs.get("small"))
    assert job.state == "done"
    assert not [t for t in store.trials.list(job.id) if t.reason == "cancelled"]


def test_a_job_makes_room_for_a_more_urgent_one(store, home, quick_beats):
    job = drive(
        store, home, record(store), asking(store, lambda store, job: store.jobs.ask(1, "yield"))
    )
    assert (job.state, job.reason) == ("queued", "made room for a job of higher priority")
    assert drive(store, home, job).state == "done"


def test_who_loses_the_job_to_another_writes_nothing_more(store, home, quick_beats):
    def steal(store, job):
        held = store.leases.of(job.id)
        while True:
            try:
                return store.leases.take(job.id, "another", store.leases.of(job.id))
            except WrongState:
                assert held

    stolen = []

    def spoil(task, answer):
        if task.key.startswith("6:") and not stolen:
            stolen.append(steal(store, store.jobs.get("small")))
            stolen.append(store.jobs.events(1)[-1].id)
        return answer

    with pytest.raises(LeaseLost):
        drive(store, home, record(store), Workers(spoil=spoil))
    assert store.jobs.events(1)[-1].id == stolen[1]
    assert store.jobs.get("small").state == "running"
    assert store.leases.of(1).token == stolen[0].token


def test_a_job_that_is_driven_is_refused(store, home):
    job = record(store)
    with driving(store, job), pytest.raises(WrongState, match="driven already, by process"):
        drive(store, home, job)

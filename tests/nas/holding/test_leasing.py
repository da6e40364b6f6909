import threading
from types import SimpleNamespace

import pytest

from nas.errors import LeaseLost, StoreUnreachable, WrongState
from nas.holding.holder import myself
from nas.holding.leasing import Heart, driving, is_driven

ELSEWHERE = "elsewhere/1/1"


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr("nas.holding.leasing.BEAT_SECONDS", 0.01)


@pytest.fixture
def job(store, add_job):
    return add_job(store, state="running")


def soon(condition):
    waiting = threading.Event()
    for _ in range(500):
        if condition():
            return True
        waiting.wait(0.01)
    return False


def taken_from_it(store, job):
    """Unless a sign of life came in between."""
    try:
        store.leases.take(job.id, ELSEWHERE, store.leases.of(job.id))
    except WrongState:
        return False
    return True


def test_a_job_is_held_by_one_process_and_free_afterwards(store, job):
    with driving(store, job) as held:
        assert store.leases.of(job.id).holder == myself()
        assert is_driven(store.leases.of(job.id))
        with (
            pytest.raises(WrongState, match="being driven already, by process"),
            driving(store, job),
        ):
            pass
        held.store.jobs.set_state(job.id, "paused")
    assert store.leases.of(job.id) is None
    assert not is_driven(None)


def test_a_dead_holders_job_is_taken_at_once(store, job):
    host, number, start = myself().rsplit("/", 2)
    dead = f"{host}/{number}/{int(start) - 1}"
    left = store.leases.take(job.id, dead)
    assert not is_driven(store.leases.of(job.id))
    with driving(store, job) as held:
        assert held.lease != left.lease


def test_who_lost_the_lease_hears_of_it_and_writes_nothing_more(store, job):
    with driving(store, job) as held:
        assert soon(lambda: taken_from_it(store, job))
        assert soon(lambda: held._heart.lost)
        with pytest.raises(LeaseLost, match="driven by another process now"):
            _ = held.request
        with pytest.raises(LeaseLost):
            held.store.jobs.set_state(job.id, "done")
    assert store.jobs.get(job.name).state == "running"
    assert store.leases.of(job.id).holder == ELSEWHERE


def test_signs_of_life_bring_what_is_asked(store, job):
    with driving(store, job) as held:
        assert held.request == ""
        store.jobs.ask(job.id, "pause")
        assert soon(lambda: held.request == "pause")


def test_a_dispatchers_lease_is_taken_over_by_its_child(store, job):
    taken = store.leases.take(job.id, ELSEWHERE)
    with driving(store, job, taken.lease) as held:
        assert held.lease == taken.lease
        assert store.leases.of(job.id).holder == myself()


def test_a_heart_goes_on_while_the_database_is_away_and_stops_when_it_lost():
    told = SimpleNamespace(beats=0, error=StoreUnreachable("away"))

    def beat():
        told.beats += 1
        if told.error:
            raise told.error

    heart = Heart(beat)
    assert soon(lambda: told.beats > 3)
    assert not heart.lost
    told.error = LeaseLost("another's")
    assert soon(lambda: heart.lost)
    count = told.beats
    heart.close()
    assert told.beats == count

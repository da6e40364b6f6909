import threading

import pytest

from nas.store.queue import Owner


def add(store, name, owner="", priority=0, state="queued"):
    return store.jobs.create(name, {}, {}, owner=owner, priority=priority, state=state)


def names(store, stale=()):
    return [job.name for job in store.queue.waiting(stale)]


def test_priority_first_then_age(store):
    add(store, "old")
    add(store, "urgent", priority=5)
    add(store, "young")
    add(store, "later", priority=-1)
    assert names(store) == ["urgent", "old", "young", "later"]


def test_owners_take_turns(store):
    for number in range(3):
        add(store, f"ann-{number}", "ann")
    add(store, "bob-0", "bob")
    job, _ = store.queue.claim("d")
    assert job.name == "ann-0"
    assert names(store) == ["bob-0", "ann-1", "ann-2"]


def test_who_used_less_lately_comes_first(store):
    used = add(store, "used", "ann", state="paused")
    store.charges.close(store.charges.open(used.id, None, "train", 2, 0), "ok", 3600)
    add(store, "ann", "ann")
    add(store, "bob", "bob")
    assert names(store) == ["bob", "ann"]


@pytest.mark.parametrize("state", ["paused", "interrupted", "done", "failed", "cancelled"])
def test_only_queued_jobs_are_taken(store, state):
    job = add(store, "one")
    store.jobs.set_state(job.id, state)
    assert store.queue.claim("d") is None


def test_a_limit_on_running_jobs_holds_the_rest_back(store):
    store.queue.set_owner(Owner("ann", max_running=1))
    add(store, "first", "ann")
    add(store, "second", "ann")
    add(store, "other", "bob")
    assert store.queue.claim("d")[0].name == "first"
    assert names(store) == ["other"]


def test_a_limit_on_gpu_hours_holds_the_owner_back(store):
    store.queue.set_owner(Owner("ann", gpu_hours=1.0))
    job = add(store, "first", "ann")
    assert names(store) == ["first"]
    store.charges.close(store.charges.open(job.id, None, "train", 1, 2), "ok", 1800)
    assert names(store) == []
    store.queue.set_owner(Owner("ann"))
    assert names(store) == ["first"]


def test_a_job_whose_driver_is_gone_waits_again(store):
    job = add(store, "one")
    _, held = store.queue.claim("d1")
    store.jobs.set_state(job.id, "running")
    assert names(store) == []
    assert names(store, [held]) == ["one"]
    again, new = store.queue.claim("d2", [held])
    assert again.id == job.id
    assert new.token != held.token
    assert store.queue.claim("d3", [held]) is None


def test_many_claimers_share_the_queue_without_doubles(store):
    for number in range(12):
        add(store, f"job-{number}")
    taken, lock = [], threading.Lock()

    def claim(name):
        while (found := store.queue.claim(name)) is not None:
            with lock:
                taken.append(found[0].name)

    threads = [threading.Thread(target=claim, args=(f"d{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(f"job-{n}" for n in range(12))

import pytest

from nas.errors import LeaseLost, NotFound
from nas.store.tasks import MAX_ATTEMPTS


def test_a_task_is_done_once(store):
    task = store.tasks.add("export", {"trial": 3}, owner="ann")
    assert task.state == "queued"
    mine = store.tasks.claim("d1")
    assert (mine.id, mine.state, mine.attempts) == (task.id, "running", 1)
    assert store.tasks.claim("d2") is None
    store.tasks.finish(mine, {"path": "x"})
    assert store.tasks.get(task.id).result == {"path": "x"}
    with pytest.raises(LeaseLost):
        store.tasks.finish(mine, {"path": "y"})


def test_the_oldest_comes_first(store):
    first, second = (store.tasks.add("submit", {}) for _ in range(2))
    assert store.tasks.claim("d").id == first.id
    assert store.tasks.claim("d").id == second.id


def test_another_goes_on_where_a_process_died(store):
    store.tasks.add("submit", {})
    dead = store.tasks.claim("d1")
    alive = store.tasks.claim("d2", [dead])
    assert alive.attempts == 2
    with pytest.raises(LeaseLost):
        store.tasks.fail(dead, {"kind": "late", "message": ""})
    store.tasks.fail(alive, {"kind": "data_problem", "message": "no data"})
    assert store.tasks.get(alive.id).error["message"] == "no data"


def test_what_kills_every_process_is_given_up(store):
    task = store.tasks.add("submit", {})
    for _ in range(MAX_ATTEMPTS):
        current = store.tasks.get(task.id)
        assert store.tasks.claim("d", [current]) is not None
    assert store.tasks.claim("d", [store.tasks.get(task.id)]) is None
    ended = store.tasks.get(task.id)
    assert ended.state == "failed"
    assert "died 3 times" in ended.error["message"]


def test_an_unknown_task_is_not_found(store):
    with pytest.raises(NotFound, match="no task '7'"):
        store.tasks.get(7)

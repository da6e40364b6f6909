import time

import pytest

from nas.errors import NameTaken, NotFound
from nas.store.jobs import Jobs


def test_a_job_comes_back_as_it_was_recorded(store, job):
    assert store.jobs.get("first") == job
    assert store.jobs.get(str(job.id)) == job
    assert (job.state, job.started_ms, job.finished_ms) == ("queued", None, None)


def test_a_taken_name_is_refused_and_nothing_is_added(store, job):
    with pytest.raises(NameTaken, match="'first' exists"):
        store.jobs.create("first", {}, {})
    assert len(store.jobs.list()) == 1
    assert [event.kind for event in store.jobs.events(job.id)] == ["job_queued"]


def test_a_name_is_taken_or_not(store, job):
    assert store.jobs.has("first")
    assert not store.jobs.has(str(job.id))


def test_an_unknown_job_has_a_nearest_spelling(store, job):
    with pytest.raises(NotFound, match="did you mean 'first'"):
        store.jobs.get("frist")


def test_a_number_that_is_no_id_is_not_found(store, job):
    with pytest.raises(NotFound):
        store.jobs.get("99")


def test_states_stamp_start_and_end(store, job):
    store.jobs.set_state(job.id, "running")
    running = store.jobs.get("first")
    assert running.started_ms is not None
    assert running.finished_ms is None
    store.jobs.set_state(job.id, "failed", "no data")
    ended = store.jobs.get("first")
    assert (ended.state, ended.reason) == ("failed", "no data")
    assert ended.finished_ms >= ended.started_ms


def test_resuming_clears_the_reason_and_the_end_and_keeps_the_start(store, job):
    store.jobs.set_state(job.id, "running")
    started = store.jobs.get("first").started_ms
    time.sleep(0.005)
    store.jobs.set_state(job.id, "interrupted", "stopped by hand")
    store.jobs.set_state(job.id, "running")
    again = store.jobs.get("first")
    assert (again.reason, again.finished_ms, again.started_ms) == ("", None, started)


def test_details_are_merged(store, job):
    store.jobs.add_details(job.id, {"duplicates": 3})
    assert store.jobs.get("first").details == {"rungs": [1, 2], "duplicates": 3}


def test_events_go_on_from_a_cursor(store, job):
    for state in ("running", "done"):
        store.jobs.set_state(job.id, state)
    first, *rest = store.jobs.events(job.id)
    assert [event.kind for event in rest] == ["job_running", "job_done"]
    assert store.jobs.events(job.id, after=first.id) == rest
    assert store.jobs.events(job.id, after=first.id, limit=1) == rest[:1]


def test_newest_first(store, job):
    store.jobs.create("second", {}, {})
    assert [each.name for each in Jobs(store.engine).list()] == ["second", "first"]


def test_jobs_are_found_by_state_owner_and_name(store):
    for number in range(4):
        job = store.jobs.create(f"job_{number}", {}, {}, owner=f"o{number % 2}")
        if number > 1:
            store.jobs.set_state(job.id, "failed")

    def names(states=(), owner=None, text="", skip=0, most=10):
        total, found = store.jobs.find(states, owner, text, skip, most)
        jobs = {job.id: job for job in store.jobs.each([stamp.id for stamp in found])}
        assert all(stamp == store.jobs.stamp(stamp.id) for stamp in found)
        return total, [jobs[stamp.id].name for stamp in found]

    assert names() == (4, ["job_3", "job_2", "job_1", "job_0"])
    assert names(skip=1, most=2) == (4, ["job_2", "job_1"])
    assert names(states=["failed"]) == (2, ["job_3", "job_2"])
    assert names(states=["failed", "queued"], owner="o1") == (2, ["job_3", "job_1"])
    assert names(text="B_2") == (1, ["job_2"])
    assert names(text="%") == (0, [])


def test_the_state_alone_is_asked_for_by_number(store, job):
    assert store.jobs.state(job.id) == "queued"
    assert store.jobs.state(job.id + 1) is None


def test_digits_that_are_no_number_of_a_job_are_an_unknown_name(store, job):
    with pytest.raises(NotFound):
        store.jobs.get("9" * 40)

import re

import pytest

from nas.holding.holder import myself
from nas.store.rows import now_ms
from nas.store.schema import charges, dispatchers, drives, leases

HOUR = 3_600_000


def text_of(answer):
    """What a reader sees: no tags, single blanks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def charge(store, job, number, start_ms, seconds, **changes):
    values = {
        "work": "train",
        "outcome": "ok",
        "cpus": 1,
        "gpus": 0,
        "epochs": 3,
        "worker": "host:1",
        **changes,
    }
    with store.engine.begin() as connection:
        row = {"job_id": job.id, "number": number, "started_ms": start_ms, "seconds": seconds}
        connection.execute(charges.insert(), {**row, **values})


def hold(store, job, *, holder=None, beat_ms=None):
    now = now_ms()
    values = {
        "job_id": job.id,
        "token": f"{job.id}",
        "holder": holder or myself(),
        "beats": 3,
        "since_ms": now - HOUR,
        "beat_ms": now if beat_ms is None else beat_ms,
        "takeovers": 0,
        "seen_event": 0,
    }
    with store.engine.begin() as connection:
        connection.execute(leases.insert(), values)


@pytest.fixture
def live(store, add_job):
    """A job that is driven here, with one task of each kind in the last hour."""
    job = add_job(store, state="running", name="live")
    now = now_ms()
    hold(store, job)
    with store.engine.begin() as connection:
        row = {"job_id": job.id, "purpose": "job", "started_ms": now - HOUR, "seconds": 3600.0}
        connection.execute(drives.insert(), row)
    charge(store, job, 0, now - 1_800_000, 60)
    charge(store, job, 1, now - 1_700_000, 30, outcome="failed", worker="host:2", epochs=0)
    charge(store, job, 2, now - 1_600_000, 20, outcome="lost", worker="", epochs=0)
    charge(store, job, 2, now - 1_500_000, 40, worker="host:2")
    charge(store, job, 3, now - 10_000, 0, outcome="running", worker="", epochs=0)
    return job


def test_without_a_store_the_page_says_how_workers_come_about(browse, tmp_path):
    assert "Nothing has run yet" in text_of(browse.get("/cluster"))
    assert browse.get("/api/v1/cluster/charts/timeline").json()["data"] == []


def test_an_idle_cluster_says_when_the_last_task_ended(browse, store, add_job):
    job = add_job(store)
    charge(store, job, 0, 1_700_000_000_000, 60)
    told = text_of(browse.get("/cluster"))
    assert "Nothing runs right now. The last task ended 14 Nov 2023, 22:14 UTC" in told
    assert "No job is driven right now" in told
    assert "Nothing waits" in told
    assert "Nothing went wrong in the time shown" in told


def test_what_is_trained_now_and_who_drives_it(browse, live):
    told = text_of(browse.get("/cluster"))
    assert "Workers at work 1 of 2" in told
    assert re.search(r"process \d+ on \S+", told)
    assert 'href="/jobs/live/trials/3"' in browse.get("/cluster").text
    assert "no sign of life" not in told


def test_a_driver_without_signs_of_life_is_told_and_so_is_its_job(browse, store, add_job):
    job = add_job(store, state="running")
    hold(store, job, holder="1@elsewhere/7/9", beat_ms=now_ms() - 2 * HOUR)
    page = browse.get("/cluster")
    assert "no sign of life" in page.text
    assert "nobody drives it" in page.text
    assert "nas resume synthetic" in page.text


def test_a_dead_process_of_this_machine_is_known_at_once(browse, store, add_job):
    job = add_job(store, state="running")
    host = myself().partition("/")[0]
    hold(store, job, holder=f"{host}/999999999/1")
    assert "no sign of life" in browse.get("/cluster").text


def test_jobs_that_wait_without_a_dispatcher_are_told(browse, store, add_job):
    add_job(store, [], state="queued")
    told = text_of(browse.get("/cluster"))
    assert "1 job waits and no dispatcher is there to take it" in told


def test_with_a_dispatcher_they_only_wait(browse, store, add_job):
    add_job(store, [], state="queued")
    store.leases.appear("1@elsewhere/7/9", 2)
    told = text_of(browse.get("/cluster"))
    assert "no dispatcher is there" not in told
    assert "process 7 on elsewhere, 2 jobs at once" in told


def test_a_dispatcher_that_fell_silent_counts_for_nothing(browse, store, add_job):
    add_job(store, [], state="queued")
    row = {"holder": "1@elsewhere/7/9", "slots": 2, "since_ms": 1, "beat_ms": 2}
    with store.engine.begin() as connection:
        connection.execute(dispatchers.insert(), row)
    told = text_of(browse.get("/cluster"))
    assert "no dispatcher is there to take it" in told
    assert "no sign of life since 1 Jan 1970" in told


def test_what_went_wrong_is_listed_newest_first(browse, live):
    found = browse.get("/api/v1/cluster").json()["troubles"]
    assert [(one["number"], one["outcome"], one["again"]) for one in found] == [
        (2, "ok", True),
        (2, "lost", False),
        (1, "failed", False),
    ]


def test_what_pages_poll_changes_only_when_something_happened(browse, live):
    first = browse.get("/api/v1/cluster?window=24").json()
    assert browse.get("/api/v1/cluster?window=24").json() == first


def test_the_timeline_has_a_lane_for_each_worker_and_a_pattern_for_what_went_wrong(browse, live):
    chart = browse.get("/api/v1/cluster/charts/timeline").json()
    drawn = {trace["name"]: trace for trace in chart["data"]}
    assert set(drawn) == {"live", "again after a loss", "failed", "lost"}
    assert drawn["live"]["y"][0] == "worker 1"
    assert drawn["live"]["x"][0] == 60_000
    assert drawn["failed"]["marker"]["pattern"]["shape"] == "x"
    assert drawn["lost"]["marker"]["pattern"]["shape"] == "/"
    widths = zip(drawn["live"]["x"], drawn["live"]["marker"]["line"]["width"], strict=True)
    start, end = chart["layout"]["xaxis"]["range"]
    assert all((width > 0) == (x > (end - start) / 101) for x, width in widths)
    assert set(chart["layout"]["yaxis"]["categoryarray"]) == {"worker 1", "worker 2"}
    assert {len(row) for row in chart["table"]["rows"]} == {len(chart["table"]["columns"])}
    assert len(chart["table"]["rows"]) == 5


def test_the_timeline_goes_as_far_back_as_asked(browse, store, live):
    charge(store, live, 9, now_ms() - 5 * HOUR, 60, worker="host:9")
    hour = browse.get("/api/v1/cluster/charts/timeline?window=1").json()
    day = browse.get("/api/v1/cluster/charts/timeline?window=24").json()
    assert len(hour["table"]["rows"]) == 5
    assert len(day["table"]["rows"]) == 6
    wrong = browse.get("/cluster?window=2")
    assert wrong.status_code == 422
    assert "given: &#39;2&#39;" in wrong.text


def test_job_names_are_escaped_in_hover_texts(browse, store, add_job):
    job = add_job(store)
    charge(store, job, 0, 1_700_000_000_000, 60, worker="<b>host</b>")
    chart = browse.get("/api/v1/cluster/charts/timeline").json()
    assert "&lt;b>host" in chart["data"][0]["text"][0]

"""Events of a job: replayed, live, ended; also to many at once and over a real socket."""

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager

import httpx
import pytest
import uvicorn

from dashboard.app import create_app
from dashboard.hub import Hub


@contextmanager
def served(app):
    """The application behind a real server, since a test client gives a stream only as a whole."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture
def address(store):
    with served(create_app(store.engine.url.render_as_string(hide_password=False))) as found:
        yield found


def told(text):
    """The events of a stream: (id, name, data)."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line[1:])
        if "data" in fields:
            event = fields.get("event", "message")
            found.append((int(fields["id"]), event, json.loads(fields["data"])))
    return found


def test_the_events_of_a_job_that_is_over_are_replayed_and_the_stream_ends(address, store, add_job):
    job = add_job(store)
    answer = httpx.get(f"{address}/api/v1/jobs/synthetic/events", headers={"Accept": "*/*"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in answer.headers
    *events, last = told(answer.text)
    expected = store.jobs.events(job.id)
    assert [(key, data["kind"], data["data"]) for key, _, data in events] == [
        (event.id, event.kind, event.data) for event in expected
    ]
    assert last == (expected[-1].id, "end", {"state": "done"})


@pytest.mark.parametrize("how", ["after", "header"])
def test_a_stream_goes_on_after_the_event_that_was_seen_last(address, store, add_job, how):
    job = add_job(store)
    ids = [event.id for event in store.jobs.events(job.id)]
    url, headers = f"{address}/api/v1/jobs/synthetic/events", {}
    if how == "after":
        url += f"?after={ids[4]}"
    else:
        headers["Last-Event-ID"] = str(ids[4])
    assert [key for key, *_ in told(httpx.get(url, headers=headers).text)][:-1] == ids[5:]


def test_what_happens_is_told_as_it_happens(address, store, add_job):
    job = add_job(store, state="running")
    last = store.jobs.last_event(job.id)
    url = f"{address}/api/v1/jobs/synthetic/events?after={last}"
    with httpx.stream("GET", url, timeout=10) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith(":")
        begun = time.monotonic()
        store.jobs.set_priority(job.id, 7)
        found = next(line for line in lines if line.startswith("data: "))
        assert time.monotonic() - begun < 2
        assert json.loads(found[6:])["data"] == {"priority": 7}
        store.jobs.set_state(job.id, "cancelled", "by a test")
        assert [line for line in lines if line.startswith("event: ")] == ["event: end"]


def test_a_deleted_job_ends_its_stream(store, add_job):
    job = add_job(store, state="running")

    async def follow():
        hub = Hub(lambda: store, poll_seconds=0.01)
        found = []
        async for chunk in hub.follow(job.id, 0):
            if not found:
                store.jobs.delete(job.id)
            found.append(chunk)
        return found[-1]

    assert b'"deleted"' in asyncio.run(asyncio.wait_for(follow(), 10))


def test_all_followers_of_a_job_cost_one_reader_and_see_the_same(store, add_job):
    job = add_job(store, [], state="running")
    reads = []

    class Counted(Hub):
        async def read(self, job_id, after, limit):
            reads.append(after)
            return await super().read(job_id, after, limit)

    async def follow(hub, after):
        return b"".join([chunk async for chunk in hub.follow(job.id, after) if chunk])

    async def run():
        hub = Counted(lambda: store, poll_seconds=0.02, remembered=1000)
        last = store.jobs.last_event(job.id)
        followers = [asyncio.create_task(follow(hub, last)) for _ in range(50)]
        for number in range(20):
            await asyncio.to_thread(store.jobs.set_priority, job.id, number)
        assert hub.followers == 50
        await asyncio.to_thread(store.jobs.set_state, job.id, "done")
        texts = await asyncio.gather(*followers)
        assert hub.followers == 0
        return texts

    begun = time.monotonic()
    texts = asyncio.run(run())
    assert len(set(texts)) == 1
    assert texts[0].count(b"job_priority") == 20
    # Each may read once to catch up; then all share one reader.
    assert len(reads) < 60 + (time.monotonic() - begun) / 0.02


def test_who_falls_behind_what_is_remembered_misses_nothing(store, add_job):
    job = add_job(store, [], state="running")

    async def run():
        hub = Hub(lambda: store, poll_seconds=0.005, remembered=5)
        slow = hub.follow(job.id, 0)
        found = await anext(slow)
        for number in range(60):
            store.jobs.set_priority(job.id, number)
            await asyncio.sleep(0.002)
        store.jobs.set_state(job.id, "done")
        await asyncio.sleep(0.2)
        return found + b"".join([chunk async for chunk in slow if chunk])

    ids = [key for key, *_ in told(asyncio.run(run()).decode())][:-1]
    assert ids == [event.id for event in store.jobs.events(job.id)]


def test_what_happens_while_the_past_is_read_is_told_once(store, add_job, monkeypatch):
    monkeypatch.setattr("dashboard.hub.PAGE", 1)  # the reader comes after, step by step
    job = add_job(store, [], state="running")

    class Late(Hub):
        async def read(self, job_id, after, limit):
            if after == 0:
                for number in range(3):
                    store.jobs.set_priority(job.id, number)
                limit = 100
            return await super().read(job_id, after, limit)

    async def run():
        hub = Late(lambda: store, poll_seconds=0.3)
        found = []
        async for chunk in hub.follow(job.id, 0):
            found.append(chunk or b"")
            if len(found) == 1:
                store.jobs.set_state(job.id, "done")
        return b"".join(found).decode()

    ids = [key for key, *_ in told(asyncio.run(asyncio.wait_for(run(), 10)))][:-1]
    assert ids == [event.id for event in store.jobs.events(job.id)]


def test_silence_is_broken_by_signs_of_life(store, add_job):
    job = add_job(store, [], state="running")

    async def run():
        hub = Hub(lambda: store, poll_seconds=0.01)
        following = hub.follow(job.id, store.jobs.last_event(job.id), heartbeat=0.05)
        first = await anext(following)
        await following.aclose()
        return first, hub.followers

    assert asyncio.run(run()) == (None, 0)


def test_events_are_a_list_for_who_asks_for_json(browse, store, add_job):
    job = add_job(store)
    url, asked = "/api/v1/jobs/synthetic/events", {"Accept": "application/json"}
    listed = browse.get(url, headers=asked).json()
    assert [(e["id"], e["kind"]) for e in listed] == [
        (event.id, event.kind) for event in store.jobs.events(job.id)
    ]
    part = browse.get(f"{url}?after={listed[2]['id']}&limit=3", headers=asked).json()
    assert part == listed[3:6]


def test_events_of_an_unknown_job_are_not_found(browse, store, add_job):
    add_job(store)
    assert browse.get("/api/v1/jobs/syntetic/events").status_code == 404

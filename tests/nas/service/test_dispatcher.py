"""Dispatchers with real child processes that drive jobs on synthetic workers."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nas.holding.control import cancel, pause, requeue
from nas.home import Home
from nas.service.dispatcher import Dispatcher
from nas.store.queue import Owner
from nas.store.store import Store
from tests.nas.search.conftest import record

SLEEPER = """
import os, sys, time
from nas.home import Home
from nas.holding.leasing import driving
from nas.service.children import TOKEN_VARIABLE
from nas.store.store import Store
from nas.store.transactions import Lease

store = Store(Home.here().store_url)
job = store.jobs.get(sys.argv[1])
with driving(store, job, Lease(job.id, os.environ[TOKEN_VARIABLE])) as held:
    held.store.jobs.set_state(job.id, "running")
    while not held.request:
        time.sleep(0.02)
    asked = {"cancel": "cancelled", "yield": "queued", "pause": "paused"}[held.request]
    held.store.jobs.set_state(job.id, asked)
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NAS_STORE_URL", raising=False)
    monkeypatch.setattr("nas.holding.watch.BEAT_SECONDS", 0.1)
    monkeypatch.setattr("nas.service.completing.FIRST_WAIT", 1000.0)
    return Home(tmp_path / "home")


@pytest.fixture
def store(home):
    opened = Store(home.store_url)
    yield opened
    opened.close()


@pytest.fixture
def sleepers(tmp_path, monkeypatch):
    """Children that hold their job until they are asked for something."""
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path.cwd()}:{before}")
    monkeypatch.setattr("nas.service.dispatcher._DRIVE", "sleeper")


@pytest.fixture
def dispatcher(store, home):
    made = Dispatcher(store, home, slots=1)
    yield made
    made.stop()
    made.run()


def look(dispatcher, true, seconds=120):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        dispatcher.look()
        time.sleep(0.02)


def add(store, name, **more):
    return store.jobs.create(name, {}, {}, **more)


def state(store, name):
    return store.jobs.get(name).state


def test_one_job_a_slot_in_the_queues_order(store, dispatcher, sleepers):
    add(store, "later")
    add(store, "sooner", priority=1)
    look(dispatcher, lambda: state(store, "sooner") == "running")
    dispatcher.look()
    assert state(store, "later") == "queued"
    cancel(store, store.jobs.get("sooner"))
    look(dispatcher, lambda: state(store, "later") == "running")
    assert state(store, "sooner") == "cancelled"


def test_a_dispatcher_shows_a_sign_of_life_at_its_first_look_and_not_at_each(store, dispatcher):
    dispatcher.look()
    first = store.leases.dispatchers()
    dispatcher.look()
    assert len(first) == 1
    assert store.leases.dispatchers() == first


def test_a_more_urgent_job_gets_the_slot(store, dispatcher, sleepers):
    add(store, "first")
    look(dispatcher, lambda: state(store, "first") == "running")
    add(store, "urgent", priority=9)
    look(dispatcher, lambda: state(store, "urgent") == "running")
    assert state(store, "first") == "queued"
    pause(store, store.jobs.get("urgent"))
    look(dispatcher, lambda: state(store, "first") == "running")
    assert state(store, "urgent") == "paused"
    requeue(store, store.jobs.get("urgent"))
    look(dispatcher, lambda: state(store, "urgent") == "running")


def test_a_killed_driver_is_replaced_and_given_up_in_the_end(store, dispatcher, sleepers):
    job = add(store, "doomed")
    seen = set()
    deadline = time.monotonic() + 180
    while state(store, "doomed") != "failed":
        assert time.monotonic() < deadline
        dispatcher.look()
        held = store.leases.of(job.id)
        number = held and held.holder.split("/")[1]
        if held and number not in seen and int(number) != os.getpid():
            seen.add(number)
            os.kill(int(number), signal.SIGKILL)
        time.sleep(0.02)
    assert len(seen) == 4
    assert "died 4 times in a row" in store.jobs.get("doomed").reason


def test_a_child_that_dies_before_it_begins_is_replaced(store, dispatcher, tmp_path, monkeypatch):
    (tmp_path / "broken.py").write_text("raise SystemExit(9)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("nas.service.dispatcher._DRIVE", "broken")
    add(store, "doomed")
    look(dispatcher, lambda: state(store, "doomed") == "failed")


def test_two_dispatchers_share_the_queue_and_one_lives_on(store, home, sleepers):
    for number in range(2):
        add(store, f"job-{number}")
    one, two = Dispatcher(store, home, slots=1), Dispatcher(store, home, slots=2)
    one._me, two._me = one._me + "1", two._me + "2"
    look(one, lambda: state(store, "job-0") == "running")
    one.look()
    assert state(store, "job-1") == "queued"  # both see what runs on this machine
    look(two, lambda: state(store, "job-1") == "running")
    for dispatcher in (one, two):
        dispatcher.stop()
        dispatcher.run()
    assert store.leases.dispatchers() == []


def test_a_stopped_dispatcher_queues_its_jobs_again(store, home, tmp_path):
    job = record(store, name="real")
    process = subprocess.Popen(
        [sys.executable, "-m", "nas", "dispatch"], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 180
    while state(store, "real") != "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=180)
    assert process.returncode == 0, told
    assert state(store, "real") == "queued"
    assert store.leases.of(job.id) is None
    assert store.leases.dispatchers() == []


def test_tasks_are_done_in_processes_of_their_own(store, home, dispatcher):
    bad = "name: x\nsearch: {trails: 3}\n"
    task = store.tasks.add("submit", {"job_file": bad}, owner="ann")
    look(dispatcher, lambda: store.tasks.get(task.id).state == "failed")
    error = store.tasks.get(task.id).error
    assert error["kind"] == "job_file_error"
    assert error["status"] == 422
    assert "did you mean 'trials'" in json.dumps(error["problems"])
    assert store.jobs.list() == []


def test_owners_limits_hold_across_slots(store, home, sleepers):
    store.queue.set_owner(Owner("ann", max_running=1))
    for number in range(2):
        add(store, f"ann-{number}", owner="ann")
    add(store, "bob", owner="bob")
    dispatcher = Dispatcher(store, home, slots=3)
    look(dispatcher, lambda: state(store, "bob") == "running")
    look(dispatcher, lambda: state(store, "ann-0") == "running")
    assert state(store, "ann-1") == "queued"
    dispatcher.stop()
    dispatcher.run()

"""What MLflow lacks of jobs that nobody drives any more is written by the service."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nas.holding.holder import myself
from nas.home import Home
from nas.service.completing import FIRST_WAIT, Completing
from nas.store.store import Store

#: Holds the job and leaves; with MARK it has told MLflow all.
CHILD = """
import os, sys
from nas.home import Home
from nas.holding.leasing import driving
from nas.service.children import TOKEN_VARIABLE
from nas.store.store import Store
from nas.store.transactions import Lease

store = Store(Home.here().store_url)
job = store.jobs.get(sys.argv[1])
with driving(store, job, Lease(job.id, os.environ[TOKEN_VARIABLE])):
    if job.name in os.environ["MARK"].split():
        store.jobs.set_tracked(job.id, store.jobs.last_event(job.id))
"""


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NAS_STORE_URL", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Home(tmp_path / "home")


@pytest.fixture
def store(home):
    opened = Store(home.store_url)
    yield opened
    opened.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def completing(store, home, clock, tmp_path, monkeypatch):
    (tmp_path / "child.py").write_text(CHILD)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path.cwd()}")
    monkeypatch.setenv("MARK", "one two")
    return Completing(store, home, myself(), "child", clock)


def over(store, name, state="done", **spec):
    job = store.jobs.create(name, spec, {})
    store.jobs.set_state(job.id, state)
    return job


def look(store, completing, clock, seconds=FIRST_WAIT, stale=()):
    clock.now += seconds
    completing.look(store.leases.list(), stale)
    for child in completing.children:
        child.process.wait(30)


def names(store):
    return [job.name for job in store.jobs.untracked()]


def test_jobs_that_are_over_are_completed_one_after_another(store, completing, clock):
    over(store, "one")
    over(store, "two", "cancelled")
    store.jobs.create("waits", {}, {})
    assert names(store) == ["one", "two"]
    look(store, completing, clock)
    assert names(store) == ["two"]
    look(store, completing, clock)
    assert names(store) == store.leases.list() == []


def test_what_mlflow_is_not_to_have_is_ticked_off(store, completing, clock):
    over(store, "quiet", tracking={"enabled": False})
    look(store, completing, clock)
    assert (names(store), completing.children) == ([], [])


def test_one_that_cannot_be_written_is_tried_ever_later_and_not_in_the_way(
    store, completing, clock, monkeypatch
):
    longest = 3 * FIRST_WAIT
    monkeypatch.setattr("nas.service.completing.LONGEST_WAIT", longest)
    over(store, "refused")
    over(store, "one")
    look(store, completing, clock)  # the refused one
    look(store, completing, clock)
    assert names(store) == ["refused"]
    look(store, completing, clock, FIRST_WAIT)
    assert completing.children
    look(store, completing, clock, FIRST_WAIT)  # which has waited longer now
    tries = []
    for _ in range(3):
        look(store, completing, clock, longest)
        tries.append(completing.children[0].process.pid)
    assert len(set(tries)) == 3
    look(store, completing, clock, longest / 2)
    assert completing.children[0].process.pid == tries[-1]


def test_a_held_job_and_one_with_a_task_are_let_be(store, completing, clock):
    held, task = over(store, "one"), over(store, "two")
    store.leases.take(held.id, myself())
    store.tasks.add("retrain", {}, job_id=task.id)
    look(store, completing, clock)
    assert completing.children == []


def test_a_lease_that_a_dead_driver_left_after_the_end_is_taken_or_given_back(
    store, completing, clock
):
    one, quiet = over(store, "one"), over(store, "quiet", tracking={"enabled": False})
    leases = [store.leases.take(job.id, "elsewhere/1/1") for job in (one, quiet)]
    running = store.jobs.create("runs", {}, {})
    store.jobs.set_state(running.id, "running")
    leases.append(store.leases.take(running.id, "elsewhere/1/1"))
    look(store, completing, clock, stale=leases)
    assert names(store) == []
    assert [lease.job_id for lease in store.leases.list()] == [running.id]


def test_the_service_completes_what_a_killed_driver_left(store, home, add_job, monkeypatch):
    monkeypatch.setattr("nas.service.completing.FIRST_WAIT", 0.1)
    from nas.service.dispatcher import Dispatcher

    job = add_job(store, name="left")
    killed = subprocess.Popen([sys.executable, "-c", _HOLDS, job.name])
    while store.leases.of(job.id) is None:
        time.sleep(0.05)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    dispatcher = Dispatcher(store, home)
    deadline = time.monotonic() + 90
    while names(store) or store.leases.list():
        assert time.monotonic() < deadline, home.job_log(job.name).read_text()
        dispatcher.look()
        time.sleep(0.1)
    dispatcher.stop()
    dispatcher.run()
    with sqlite3.connect(home.mlflow_file) as database:
        rows = database.execute("SELECT status, count(*) FROM runs GROUP BY status").fetchall()
    states = {trial.state for trial in store.trials.list(job.id)}
    assert states == {"done", "pruned", "failed"}
    assert dict(rows).keys() == {"FINISHED", "FAILED", "KILLED"}
    assert store.jobs.get("left").state == "done"


_HOLDS = """
import sys, time
from nas.home import Home
from nas.holding.leasing import driving
from nas.store.store import Store

store = Store(Home.here().store_url)
with driving(store, store.jobs.get(sys.argv[1])):
    time.sleep(600)
"""

"""A hundred random kills of a service that drives jobs on Ray: nothing is lost, nothing doubled."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nas.control import requeue
from nas.home import Home
from nas.store.store import Store
from nas.submission import submit
from tests.faults import mortal
from tests.faults.conftest import JOB

#: Kills in all, over as many jobs as it takes; ``NAS_SOAK_KILLS`` for more.
KILLS = int(os.environ.get("NAS_SOAK_KILLS", "100"))

#: Processes of the service by what stands in their command line.
VICTIMS = {
    "supervisor": ["nas", "serve"],
    "dispatcher": ["nas", "dispatch"],
    "web": ["-m", "dashboard"],
    "driver": ["nas.service.driving"],
    "worker": ["ray::_Actor"],
    "raylet": ["raylet/raylet"],
}


class Service:
    """``nas serve`` of a home, started again whenever it is down."""

    def __init__(self, home: Home, port: int) -> None:
        self._environ = {
            **os.environ,
            "NAS_HOME": str(home.root),
            "NAS_STORE_URL": "",
            "NAS_SOAK": str(home.root),
        }
        self._command = [sys.executable, "-m", "nas", "serve", "--port", str(port)]
        self._process: subprocess.Popen[bytes] | None = None
        self._mark = f"NAS_SOAK={home.root}".encode()
        self._log = (home.root / "soak.log").open("ab")

    def ensure(self) -> None:
        if self._process is None or self._process.poll() is not None:
            # What a killed supervisor leaves behind holds the port.
            for process in self.processes("web"):
                os.kill(process, signal.SIGKILL)
            self._process = subprocess.Popen(
                self._command, env=self._environ, stdout=self._log, stderr=self._log
            )

    def processes(self, victim: str) -> list[int]:
        """Processes of this service alone, by its mark in their environment."""
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdecimal():
                continue
            try:
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                marked = self._mark in (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if marked and all(word in words for word in VICTIMS[victim]):
                found.append(int(folder.name))
        return found

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(90)
        for victim in VICTIMS:
            for process in self.processes(victim):
                os.kill(process, signal.SIGKILL)
        self._log.close()


@pytest.fixture
def service(tmp_path, free_port):
    home = Home(tmp_path / "home")
    home.create()
    made = Service(home, free_port)
    yield made, home
    made.close()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_hundred_random_kills(service, checked, expected):
    running, home = service
    store = Store(home.store_url, patience=60)
    dice = random.Random(20261121)
    spec, found = checked
    kills: dict[str, int] = dict.fromkeys(VICTIMS, 0)
    jobs = 0
    while sum(kills.values()) < KILLS:
        name = f"mortal-{jobs}"
        jobs += 1
        tracked = {"name": name, "tracking": spec.tracking.model_copy(update={"enabled": True})}
        submit(store, spec.model_copy(update=tracked), found)
        deadline = time.monotonic() + 900
        while (job := store.jobs.get(name)).state != "done":
            assert time.monotonic() < deadline, f"{job}, {kills}"
            if job.state == "failed":  # its drivers died too often in a row: that is the rule
                assert "died" in job.reason, job.reason
                requeue(store, job)
            running.ensure()
            time.sleep(dice.uniform(0.2, 4.0))
            if sum(kills.values()) >= KILLS:
                continue
            victim = dice.choice(list(VICTIMS))
            for process in running.processes(victim)[:1]:
                kills[victim] += 1
                os.kill(process, signal.SIGKILL)
        until_released(store)
        mortal.check_whole(store, name, expected)
    until_recorded(home, jobs)
    print(json.dumps({"jobs": jobs, **kills}))
    store.close()


def until_released(store: Store) -> None:
    """The driver of a job that is done still writes MLflow's last records under its lease."""
    deadline = time.monotonic() + 120
    while store.leases.list():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def until_recorded(home: Home, jobs: int) -> None:
    """MLflow has every job's run as finished, and none that runs."""
    with sqlite3.connect(home.mlflow_file) as database:
        states = dict(
            database.execute("SELECT status, count(*) FROM runs GROUP BY status").fetchall()
        )
    assert set(states) == {"FINISHED"}, states
    assert states["FINISHED"] == jobs * (1 + len(JOB_TRIALS))


#: Runs of one job below its own: three searched and two repeats.
JOB_TRIALS = range(JOB["search"]["trials"] + 2)

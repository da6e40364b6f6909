"""A hundred random kills of all that a service is made of: nothing is lost, nothing doubled."""

from __future__ import annotations

import itertools
import json
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from nas.errors import WrongState
from nas.holding.control import requeue, retry
from nas.job_file.spec import JobSpec
from nas.jobs.deep import deep_check
from nas.jobs.submission import submit
from nas.store.records import Job
from nas.store.store import Store
from tests import postgresql
from tests.faults import mortal
from tests.faults.conftest import JOB, prepared
from tests.faults.service import KINDS, Service

#: Kills in all, over as many jobs as it takes; ``NAS_SOAK_KILLS`` for more.
KILLS = int(os.environ.get("NAS_SOAK_KILLS", "100"))

#: Jobs that are not over yet at any time: the next one waits when one ends.
OPEN = 2

#: Seconds that a victim may take to be there again: MLflow, Ray and torch are imported anew.
RECOVERY_SECONDS = 240.0

#: Like the other faults' job, with more to train.
LONGER = {
    **JOB,
    "name": "soak",
    "data": {"name": "digits"},
    "space": {
        "backbone": {"name": "cifar_resnet", "depth": 8, "width": 4},
        "attention": [{"stages": 3, "types": {"none": None, "se": {"ratio": [2, 4]}, "eca": None}}],
    },
    "recipe": {"epochs": 4, "batch_size": 32},
    "search": {**JOB["search"], "trials": 4, "rungs": [1, 2, 4]},
    "tracking": {"enabled": True},
    "workers": {"count": 1},
}

#: What trains goes down with these; half of them are killed only once something was trained.
TRAINING = ("driver", "worker", "raylet")


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_hundred_random_kills(tmp_path, free_port, server):
    spec = JobSpec.model_validate(LONGER)
    found = deep_check(spec, lambda path, message: message, estimate=False)
    made = prepared((spec, found), tmp_path / "undisturbed")
    assert mortal.run(made.url, made.home, "soak") == 0
    with_store = Store(made.url)
    expected = mortal.results(with_store, with_store.jobs.get("soak"))
    with_store.close()

    dice = random.Random(20261121)
    with (
        postgresql.database(server.address, "nas") as address,
        Service(tmp_path, free_port, server, address) as service,
    ):
        jobs = Jobs(service, Store(address, patience=120), (spec, found))
        jobs.keep(OPEN)
        kills = kill(service, jobs, dice)
        jobs.until_over()
        for name in jobs.names:
            mortal.check_whole(jobs.store, name, expected)
        trials = len(jobs.store.trials.list(jobs.store.jobs.get(jobs.names[0]).id))
        tracked = until_recorded(service, len(jobs.names), trials)
        jobs.store.close()
    print(
        json.dumps(
            {
                "jobs": len(jobs.names),
                "kills": kills,
                "requeued": jobs.requeued,
                "retried": jobs.retried,
            }
        )
    )
    print(f"MLflow: {tracked}")
    assert sum(kills.values()) == KILLS


class Jobs:
    """Jobs for the service, so that something trains throughout.

    Attributes:
        requeued: times that a job was given up because its drivers died too often in a row, and
            ``retried`` because a trial's workers did: those are rules, not faults.
    """

    def __init__(self, service: Service, store: Store, checked: tuple) -> None:
        self.store = store
        self.names: list[str] = []
        self.requeued = self.retried = 0
        self._service, self._checked = service, checked

    def open(self) -> list[Job]:
        """Those that are not over; what was given up is queued again."""
        found = [self.store.jobs.get(name) for name in self.names]
        for job in found:
            if job.state == "failed":
                assert "died" in job.reason, job.reason
                with suppress(WrongState):
                    requeue(self.store, job)
                    self.requeued += 1
            elif job.state == "done" and self._gave_up(job):
                with suppress(WrongState):  # a dispatcher completes its records just now
                    retry(self.store, job, failed_trials=True)
                    self.retried += 1
        return [job for job in found if job.state != "done" or self._gave_up(job)]

    def _gave_up(self, job: Job) -> bool:
        """Whether trials failed."""
        failed = [t.reason for t in self.store.trials.list(job.id) if t.state == "failed"]
        assert all(reason.startswith("lost 3 times") for reason in failed), failed
        return bool(failed)

    def keep(self, count: int) -> None:
        """See that everything is up, and that so many jobs are to be done."""
        self._service.keep()
        for _ in range(count - len(self.open())):
            name = f"soak-{len(self.names)}"
            self.names.append(name)
            spec, found = self._checked
            submit(self.store, spec.model_copy(update={"name": name}), found)

    def until_reported(self) -> None:
        """Wait for the next report of any job."""
        before, deadline = self._reports(), time.monotonic() + RECOVERY_SECONDS
        while self._reports() <= before:
            assert time.monotonic() < deadline, f"nothing is trained: {self.open()}"
            self.keep(OPEN)
            time.sleep(0.1)

    def _reports(self) -> int:
        found = [self.store.jobs.get(name) for name in self.names]
        return sum(len(mortal.results(self.store, job)) for job in found)

    def until_over(self) -> None:
        """Wait for the last job, and for its driver to end."""
        deadline = time.monotonic() + 900
        while self.open() or self.store.leases.list():
            assert time.monotonic() < deadline, (self.open(), self.store.leases.list())
            self._service.keep()
            time.sleep(0.5)


def kill(service: Service, jobs: Jobs, dice: random.Random) -> dict[str, int]:
    """Kill as many as are asked for, each kind as often; gives how many of each."""
    kills = dict.fromkeys(KINDS, 0)
    began = time.monotonic()
    for number, kind in enumerate(itertools.islice(shuffled(dice), KILLS), 1):
        pause = time.monotonic() + dice.uniform(0.0, 3.0)
        while time.monotonic() < pause:
            jobs.keep(OPEN)
            time.sleep(0.1)
        if kind in TRAINING and dice.random() < 0.5:
            jobs.until_reported()
        deadline = time.monotonic() + RECOVERY_SECONDS
        while not (victim := service.kill(kind)):
            assert time.monotonic() < deadline, f"no {kind} lives, after {kills}: {jobs.open()}"
            jobs.keep(OPEN)
            time.sleep(0.1)
        kills[kind] += 1
        print(f"{time.monotonic() - began:7.1f} s  {number}: {kind} {victim}", flush=True)
    return kills


def shuffled(dice: random.Random) -> Iterator[str]:
    """All kinds in some order, again and again: each is hit as often as any other."""
    while True:
        yield from dice.sample(KINDS, len(KINDS))


def until_recorded(service: Service, jobs: int, trials: int) -> dict[str, int]:
    """MLflow comes to have every job's run and those of its trials as finished, and no other."""
    wanted = {"FINISHED": jobs * (1 + trials)}
    deadline = time.monotonic() + 300
    while True:
        service.keep()
        with sqlite3.connect(service.mlflow_file) as database:
            query = "SELECT status, count(*) FROM runs GROUP BY status"
            states = dict(database.execute(query).fetchall())
        if states == wanted:
            return states
        assert time.monotonic() < deadline, (states, wanted)
        time.sleep(1)

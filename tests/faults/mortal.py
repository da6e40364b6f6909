"""A driver that dies by SIGKILL at a chosen step of a trial's life, and what must be true after."""

from __future__ import annotations

import faulthandler
import importlib
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from typing import Any

import torch

from nas.home import Home
from nas.jobs.driver import drive_job
from nas.store.records import Job
from nas.store.store import Store
from workers.inline import TRAIN, InlinePool

#: The steps of a trial's life -> the function that takes the step.
STEPS = {
    "claim": "nas.store.leases:Leases.take",
    "ask": "nas.search.study:SearchStudy.propose",
    "add": "nas.store.trials:Trials.add",
    "dispatch": "workers.inline:InlinePool.submit",
    "charge": "nas.store.charges:Charges.open",
    "train": "workers.loop:train_epoch",
    "checkpoint": "workers.checkpoint:write",
    "disk": "os:fsync",
    "answer": "workers.inline:InlinePool.wait",
    "report": "nas.store.trials:Trials.report",
    "tell": "nas.search.study:SearchStudy.report",
    "finish": "nas.search.study:SearchStudy.finish",
    "test": "nas.store.trials:Trials.set_test_accuracy",
    "state": "nas.store.jobs:Jobs.set_state",
}


@dataclass(frozen=True)
class Kill:
    """At the ``nth`` call of a step's function, before it begins or after it is done."""

    step: str
    when: str
    nth: int = 1


def run(url: str, home: Home, name: str, kill: Kill | None = None) -> int:
    """Drive a job in a forked process; gives its exit status, below 0 for a signal."""
    return ended(start(url, home, name, kill))


def start(url: str, home: Home, name: str, kill: Kill | None = None) -> int:
    """Drive a job in a forked process beside this one; gives the process.

    From a thread beside others it would be unsafe: their locks would never be given back.
    """
    process = os.fork()
    if process == 0:
        faulthandler.enable(sys.__stderr__)
        torch.set_num_threads(1)  # those that this process had for OpenMP are not in its copy
        status = 1
        try:
            if kill is not None:
                arm(kill)
            store = Store(url)
            drive_job(store, home, store.jobs.get(name), open_pool=lambda *_: InlinePool(TRAIN))
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    return process


def ended(process: int, seconds: float = 240.0) -> int:
    """Wait for a process and give its exit status, below 0 for a signal."""
    deadline = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(process, signal.SIGABRT)  # it writes where each of its threads stands
            os.waitpid(process, 0)
            raise AssertionError("the driver hangs")
        time.sleep(0.02)


def arm(kill: Kill) -> None:
    """Let this process die at a step."""
    module, _, path = STEPS[kill.step].partition(":")
    holder: Any = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        holder = getattr(holder, parent)
    original = getattr(holder, name)
    calls = 0

    def mortal(*values: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == kill.nth and kill.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*values, **named)
        if calls == kill.nth and kill.when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(holder, name, mortal)
    # Who imported the function by its name has it under that name.
    for other in [m for m in sys.modules.values() if m.__name__.startswith(("workers", "nas"))]:
        for key, value in list(vars(other).items()):
            if value is original:
                setattr(other, key, mortal)


def results(store: Store, job: Job) -> dict[tuple[str, int, int], tuple[float, str]]:
    """What was trained (architecture, seed, epoch) -> validation accuracy and weights' sha256."""
    reports = store.trials.reports(job.id)
    return {
        (trial.architecture, trial.seed, row.epoch): (
            row.validation_accuracy,
            row.checkpoint_sha256,
        )
        for trial in store.trials.list(job.id)
        for row in reports.get(trial.id, ())
    }


def check_whole(store: Store, name: str, expected: dict[Any, Any]) -> None:
    """Nothing is lost, nothing is there twice, nothing runs any more."""
    job = store.jobs.get(name)
    trials, reports = store.trials.list(job.id), store.trials.reports(job.id)
    assert job.state == "done"
    assert {trial.state for trial in trials} == {"done"}
    assert len({trial.hash for trial in trials}) == len(trials)
    assert [trial.number for trial in trials] == list(range(len(trials)))
    epochs = {tuple(row.epoch for row in rows) for rows in reports.values()}
    assert all(len(set(each)) == len(each) for each in epochs)
    assert results(store, job) == expected
    assert store.charges.list(job.id, "running") == []
    assert store.leases.list() == []
    told = [e.data["number"] for e in store.jobs.events(job.id) if e.kind == "trial_added"]
    assert sorted(told) == list(range(len(trials)))

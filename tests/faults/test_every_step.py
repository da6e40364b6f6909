"""SIGKILL before and after every step of a trial's life; the job goes on as if nothing was."""

import signal

import pytest

from nas.store.store import Store
from tests.faults import mortal
from tests.faults.mortal import STEPS, Kill

#: Steps that are taken before the job has its first report are killed at the first, others later.
NTH = {"ask": 1, "claim": 1, "state": 1, "train": 4, "disk": 4}


#: Those that every run of the tests takes; `make faults` takes all.
QUICK = {
    ("ask", "after"),
    ("add", "after"),
    ("dispatch", "after"),
    ("checkpoint", "before"),
    ("report", "before"),
    ("report", "after"),
    ("tell", "after"),
}


def cases():
    for step in STEPS:
        for when in ("before", "after"):
            marks = () if (step, when) in QUICK else pytest.mark.slow
            yield pytest.param(step, when, marks=marks, id=f"{when}-{step}")


@pytest.mark.parametrize(("step", "when"), list(cases()))
def test_a_kill_loses_nothing_and_counts_nothing_twice(job, expected, step, when):
    killed = mortal.run(job.url, job.home, "mortal", Kill(step, when, NTH.get(step, 2)))
    assert killed == -signal.SIGKILL
    assert mortal.run(job.url, job.home, "mortal") == 0
    store = Store(job.url)
    mortal.check_whole(store, "mortal", expected)
    store.close()


@pytest.mark.slow
def test_a_kill_at_every_other_report_is_outlived_too(job, expected):
    kills = 0
    while (status := mortal.run(job.url, job.home, "mortal", Kill("report", "after", 2))) != 0:
        assert status == -signal.SIGKILL
        kills += 1
        assert kills < 20
    assert kills >= 3
    store = Store(job.url)
    mortal.check_whole(store, "mortal", expected)
    store.close()

"""Limits of time on real Ray workers, which sleep instead of training."""

import time

from nas.analysis.front import front_of
from nas.analysis.spending import spending
from nas.home import Home
from nas.jobs.driver import drive_job
from tests.nas.search.conftest import record
from workers.pool import RayPool


def drive(store, tmp_path, hours):
    """A job of 20 trials of a second each, with workers that are there from the start."""
    pool = RayPool(2, cpus=0.5, execute="workers.synthetic:slow", threads=1)
    while pool.free() < 2:
        pool.wait()
    changes = {"recipe": {"epochs": 20}, "search.rungs": [10, 20], "search.sampler": "random"}
    job = record(store, budget={"wall_clock": hours}, **changes, **{"finalists.seeds": 1})
    begun = time.monotonic()
    job = drive_job(store, Home(tmp_path / "home"), job, open_pool=lambda job, say: pool)
    return job, time.monotonic() - begun


def test_a_job_ends_at_its_wall_clock_with_a_front(store, tmp_path):
    job, seconds = drive(store, tmp_path, 8 / 3600)
    assert job.state == "done"
    assert job.reason.startswith("stopped by budget: wall clock ")
    trials = store.trials.list(job.id)
    assert front_of(job, trials).points
    assert not {t.state for t in trials} & {"running", "waiting"}
    assert 8 <= spending(store, job).wall_clock * 3600 <= seconds


def test_what_runs_when_the_limit_strikes_is_killed(store, tmp_path):
    job, seconds = drive(store, tmp_path, 0.3 / 3600)
    assert (job.state, seconds < 60) == ("done", True)
    outcomes = [charge.outcome for charge in store.charges.list(job.id)]
    assert "stopped" in outcomes
    assert "running" not in outcomes
    assert front_of(job, store.trials.list(job.id)).points == ()

"""The machine's clock jumps by an hour in the middle of a job: nobody takes notice."""

import itertools
import time
from dataclasses import replace

import pytest

from nas.analysis.spending import spending
from nas.holding.holder import myself, seems_gone
from nas.holding.watch import LEASE_SECONDS, Watch
from nas.job_file.spec import JobSpec
from nas.store.store import Store
from tests.faults import mortal
from tests.faults.conftest import JOB, prepared

HOUR_MS = 3_600_000


@pytest.mark.parametrize("hours", [1, -1], ids=["forwards", "backwards"])
def test_a_jump_costs_neither_results_nor_budget_nor_the_lease(
    checked, expected, tmp_path, monkeypatch, hours
):
    spec = JobSpec.model_validate({**JOB, "budget": {"wall_clock": "30m"}})
    made = prepared((spec, checked[1]), tmp_path)
    true, told = time.time_ns, itertools.count()

    def jumping() -> int:
        return true() + (hours * HOUR_MS * 1_000_000 if next(told) > 15 else 0)

    with monkeypatch.context() as patched:  # the driver is forked from here
        patched.setattr(time, "time_ns", jumping)
        patched.setattr(time, "time", lambda: jumping() / 1e9)
        driver = mortal.start(made.url, made.home, "mortal")

    store, watch = Store(made.url), Watch(LEASE_SECONDS)
    while store.jobs.get("mortal").state != "done":
        held = [replace(lease, holder="elsewhere/1/1") for lease in store.leases.list()]
        assert watch.stale(held) == []
        time.sleep(0.2)
    assert mortal.ended(driver) == 0

    mortal.check_whole(store, "mortal", expected)
    job = store.jobs.get("mortal")
    times = [event.created_ms for event in store.jobs.events(job.id)]
    assert max(times) - min(times) > 0.9 * HOUR_MS
    assert all(0 <= charge.seconds < 600 for charge in store.charges.list(job.id))
    assert 0 < spending(store, job).wall_clock < 0.2
    store.close()


def test_who_lives_on_this_machine_does_not_seem_gone_by_a_clock():
    an_hour_ago = time.time_ns() // 1_000_000 - HOUR_MS
    assert not seems_gone(myself(), an_hour_ago, 100_000)
    assert seems_gone("elsewhere/1/1", an_hour_ago, 100_000)

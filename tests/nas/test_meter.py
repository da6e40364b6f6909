from dataclasses import replace

import pytest

from nas.budget import Spending
from nas.meter import HEARTBEAT_S, Meter
from nas.plan import Plan
from nas.search.book import TrialBook
from tests.nas.search.clocked import Clock, ClockedWorkers
from tests.nas.search.conftest import record
from workers.protocol import Report


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def new_plan(store, tmp_path):
    return lambda **changes: Plan.of(record(store, **changes), tmp_path / "checkpoints")


def test_a_sign_of_life_is_written_while_a_task_takes_long(store, new_plan, clock):
    plan = new_plan()
    with Meter(store, store.jobs.get("small"), clock) as meter:
        book = TrialBook(plan, store)
        segment = book.segment(book.add(plan.space.at(0), "search", 0), 1)
        meter.began(segment)
        assert meter.patience() == HEARTBEAT_S
        clock.now += 60
        meter.beat()
        assert store.charges.driven_seconds(plan.job_id) == 60
    (charge,) = store.charges.list(plan.job_id)
    assert (charge.outcome, charge.seconds) == ("lost", 60)


def test_a_look_is_due_when_a_limit_would_strike(store, new_plan, clock):
    plan = new_plan(budget={"cpu_hours": 2 / 3600})
    with Meter(store, store.jobs.get("small"), clock) as meter:
        book = TrialBook(plan, store)
        for index in range(4):
            meter.began(book.segment(book.add(plan.space.at(index), "search", 0), 1))
        assert meter.patience() == pytest.approx(0.5)
        clock.now += 0.5
        assert meter.struck()


def test_speeds_are_each_trials_own(store, new_plan, clock):
    plan = new_plan()
    with Meter(store, store.jobs.get("small"), clock) as meter:
        book = TrialBook(plan, store)
        for index, pace in enumerate((1.0, 5.0)):
            segment = book.segment(book.add(plan.space.at(index), "search", 0), 1)
            meter.began(segment)
            clock.now += pace
            workers = ClockedWorkers(clock, 1, lambda task: 0.0)
            workers.submit(segment)
            meter.ended(*workers.wait())
        assert meter.needed(9, 1) == Spending(9, 45 / 3600, 45 / 3600, 0.0)
        assert meter.needed(10).cpu_hours == pytest.approx(30 / 3600)


def test_what_a_worker_loads_before_its_first_task_is_charged_and_not_foreseen(
    store, new_plan, clock
):
    plan = new_plan()
    with Meter(store, store.jobs.get("small"), clock) as meter:
        book = TrialBook(plan, store)
        segment = book.segment(book.add(plan.space.at(0), "search", 0), 1)
        meter.began(segment)
        clock.now += 30.0
        report = Report(segment.key, 1, "ok", train_seconds=1.5, evaluation_seconds=0.5)
        report = replace(report, train_loss=(1.0,), train_accuracy=(0.5,), worker="host:7")
        meter.ended(report)
        assert [charge.worker for charge in store.charges.list(plan.job_id)] == ["host:7"]
        book.record(0, report, "waiting")
        assert meter.spent().cpu_hours == pytest.approx(30 / 3600)
        assert meter.needed(9).cpu_hours == pytest.approx(18 / 3600)
    with Meter(store, store.jobs.get("small"), clock) as again:
        assert again.needed(9, 0) == meter.needed(9, 0)

"""Whole jobs with simulated seconds: what they may spend, and what for."""

import pytest

from nas.budget import NAMES
from nas.search.book import TrialBook
from nas.search.drive import drive
from nas.search.finalists import Finalists, TestScores, front_trials
from nas.search.loop import Search
from nas.search.share import SearchShare
from tests.nas.search.clocked import Clock, ClockedWorkers, metered, seconds
from workers.protocol import Lost, Segment


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def plan_of(new_plan):
    """A plan with a sampler that takes no time."""
    return lambda **changes: new_plan(**{"search.sampler": "random", **changes})


def run(store, plan, clock, workers=None):
    """All phases, as the driver runs them; gives the book, the workers and the end's spending."""
    book, workers = TrialBook(plan, store), workers or ClockedWorkers(clock)
    with metered(store, plan.job_id, clock) as meter:
        search = Search(plan, book, None, SearchShare(meter, book))
        drive(workers, search, account=meter)
        search.close()
        finalists = Finalists(book, meter.fits)
        drive(workers, finalists, account=meter)
        finalists.close()
        drive(workers, TestScores(book, meter.fits), account=meter)
    return book, workers, meter


def epochs_of(book):
    return sum(trial.epoch for trial in book.trials.values())


def test_without_limits_nothing_is_refused_and_everything_counted(store, plan_of, clock):
    book, workers, meter = run(store, plan_of(), clock)
    assert meter.refused is None
    spent = meter.spent()
    assert spent.epochs == epochs_of(book)
    assert spent.cpu_hours * 3600 == pytest.approx(sum(map(seconds, workers.seen)))
    assert spent.wall_clock * 3600 == pytest.approx(clock.now)
    assert spent.gpu_hours == 0


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("limit", [9, 10, 26, 60, 150])
def test_epochs_are_never_exceeded_and_the_front_is_valid(store, plan_of, clock, limit, size):
    plan = plan_of(budget={"epochs": limit})
    book, _, meter = run(store, plan, clock, ClockedWorkers(clock, size))
    assert meter.refused == "epochs"
    assert limit - 9 < meter.spent().epochs == epochs_of(book) <= limit
    assert front_trials(book)
    assert not {t.state for t in book.trials.values()} & {"running", "waiting"}


@pytest.mark.parametrize("baselines", [True, False])
def test_one_training_is_enough_for_a_front_of_one(store, plan_of, clock, baselines):
    changes = {"search.baselines": baselines, "budget": {"epochs": 9}}
    book, _, _ = run(store, plan_of(**changes), clock, ClockedWorkers(clock, 4))
    assert [t.state for t in front_trials(book)] == ["done"]


def test_some_of_the_budget_is_left_for_repeats(store, plan_of, clock):
    book, _, _ = run(store, plan_of(budget={"epochs": 200}), clock)
    repeats = [t for t in book.trials.values() if t.kind == "finalist" and t.state == "done"]
    assert sum(t.epoch for t in repeats) > 0.4 * 200


def test_without_repeats_the_search_gets_it_all(store, plan_of, clock):
    plan = plan_of(**{"budget": {"epochs": 120}, "finalists.seeds": 0, "search.trials": 400})
    book, _, _ = run(store, plan, clock)
    assert 111 < sum(t.epoch for t in book.searched()) <= 120


def test_no_more_is_kept_than_repeats_will_need(store, plan_of, clock):
    """A small search in a large budget is not cut."""
    plan = plan_of(**{"budget": {"epochs": 1000}, "search.trials": 10})
    book, _, meter = run(store, plan, clock)
    assert meter.refused is None
    assert len(book.searched()) == 10


@pytest.mark.parametrize("name", ["wall_clock", "cpu_hours", "gpu_hours"])
def test_time_is_never_exceeded(store, plan_of, clock, name):
    plan = plan_of(budget={name: 0.2}, workers={"address": "head:1", "gpus": 0.5, "count": 2})
    book, workers, meter = run(store, plan, clock, ClockedWorkers(clock, 2))
    assert meter.refused == name
    assert 0.15 < getattr(meter.spent(), name) <= 0.2 + 1e-6
    assert front_trials(book)
    assert any(t.kind == "finalist" and t.state == "done" for t in book.trials.values())
    assert workers.killed == []


def test_what_runs_when_a_limit_strikes_is_stopped_and_charged(store, plan_of, clock):
    def late(task):
        if isinstance(task, Segment) and task.key.startswith("2:"):
            return 10_000.0
        return seconds(task)

    plan = plan_of(budget={"cpu_hours": "5m"})
    workers = ClockedWorkers(clock, 2, late)
    book, _, meter = run(store, plan, clock, workers)
    assert [task.key for task in workers.killed] == ["2:1"]
    assert meter.refused == "cpu_hours"
    assert meter.spent().cpu_hours == pytest.approx(5 / 60)
    assert (book.trials[2].state, book.trials[2].reason) == ("pruned", "stopped by budget")
    (stopped,) = [c for c in store.charges.list(plan.job_id) if c.outcome == "stopped"]
    assert (stopped.number, stopped.epochs) == (2, 0)
    assert sum(c.seconds for c in store.charges.list(plan.job_id)) == pytest.approx(300)
    assert front_trials(book)


def test_lost_and_failed_segments_are_charged_in_time_and_not_in_epochs(store, plan_of, clock):
    lost = []

    def spoil(task, answer):
        if task.key == "1:3" and not lost:
            lost.append(task.key)
            return Lost(task.key, "for a test")
        return answer

    book, workers, meter = run(store, plan_of(), clock, ClockedWorkers(clock, 1, spoil=spoil))
    outcomes = [c.outcome for c in store.charges.list(1)]
    assert outcomes.count("lost") == 1
    assert meter.spent().epochs == epochs_of(book)
    assert meter.spent().cpu_hours * 3600 == pytest.approx(sum(map(seconds, workers.seen)))


def test_a_later_drive_goes_on_counting(store, plan_of, clock):
    plan = plan_of(**{"search.trials": 6})
    _, _, first = run(store, plan, clock)
    with metered(store, plan.job_id, clock) as again:
        for name in NAMES:
            assert getattr(again.spent(), name) == pytest.approx(getattr(first.spent(), name))


def test_the_reason_says_how_much_of_which_limit(store, plan_of, clock):
    plan = plan_of(budget={"epochs": 30})
    _, _, meter = run(store, plan, clock)
    told = meter.reason("epochs")
    assert told.startswith(f"stopped by budget: epochs {meter.spent().epochs} of 30")
    assert told.endswith("too little for another training") == (meter.spent().epochs < 30)

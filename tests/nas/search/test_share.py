"""Whole jobs with simulated seconds: what they may spend, and what for."""

import pytest

from nas.analysis.spending import spending
from nas.errors import UsageProblem
from nas.home import Home
from nas.jobs.driver import drive_job
from nas.jobs.extending import extend
from nas.jobs.extension import asked_extension, begun
from nas.search.drive import drive
from tests.nas.search.clocked import Clock, ClockedWorkers, seconds
from tests.nas.search.conftest import found_for, record
from workers.protocol import Lost, Segment


class Run:
    """A job driven to its end, and what became of it."""

    def __init__(self, store, tmp_path, size=1, pace=None, spoil=None, **changes):
        self.clock = Clock()
        more = {} if spoil is None else {"spoil": spoil}
        self.workers = ClockedWorkers(self.clock, size, pace, **more)
        self.job = record(store, **{"search.sampler": "random", **changes})
        self._store, self._home = store, Home(tmp_path / "home")

    def drive(self):
        def pool(job, say):
            return self.workers

        self.job = drive_job(self._store, self._home, self.job, open_pool=pool, clock=self.clock)
        self.trials = self._store.trials.list(self.job.id)
        self.charges = self._store.charges.list(self.job.id)
        self.spent = spending(self._store, self.job)
        return self

    def of(self, kinds, state):
        return [t for t in self.trials if t.kind in kinds and t.state == state]

    @property
    def finished(self):
        return self.of(("baseline", "search"), "done")

    @property
    def repeats(self):
        return self.of(("finalist",), "done")


@pytest.fixture
def run(store, tmp_path):
    return lambda **changes: Run(store, tmp_path, **changes).drive()


def test_without_limits_nothing_is_refused_and_everything_counted(run):
    made = run()
    assert (made.job.state, made.job.reason) == ("done", "")
    assert made.spent.epochs == sum(t.epoch for t in made.trials)
    assert made.spent.cpu_hours * 3600 == pytest.approx(sum(map(seconds, made.workers.seen)))
    assert made.spent.wall_clock * 3600 == pytest.approx(made.clock.now)
    assert made.spent.gpu_hours == 0


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("limit", [9, 10, 26, 60, 150])
def test_epochs_are_never_exceeded_and_the_front_is_valid(run, limit, size):
    made = run(size=size, budget={"epochs": limit})
    assert made.job.state == "done"
    told = f"stopped by budget: epochs {made.spent.epochs:.0f} of {limit}"
    rest = "" if made.spent.epochs == limit else "; the rest is too little for another training"
    assert made.job.reason == told + rest
    assert limit - 9 < made.spent.epochs == sum(t.epoch for t in made.trials) <= limit
    assert made.finished
    assert not {t.state for t in made.trials} & {"running", "waiting"}


@pytest.mark.parametrize("inherit", [True, False])
@pytest.mark.parametrize("baselines", [True, False])
def test_one_training_is_enough_for_a_front_of_one(run, baselines, inherit):
    more = {"search.baselines": baselines, "search.inherit": inherit}
    made = run(size=4, budget={"epochs": 9}, **more)
    assert len(made.finished) == 1


def test_some_of_the_budget_is_left_for_repeats(run):
    made = run(budget={"epochs": 200})
    assert 0.4 * 200 < sum(t.epoch for t in made.repeats) <= 0.5 * 200 + 9


def test_without_repeats_the_search_gets_it_all(run):
    made = run(budget={"epochs": 120}, **{"finalists.seeds": 0, "search.trials": 400})
    assert not made.repeats
    assert 111 < made.spent.epochs <= 120


def test_no_more_is_kept_than_repeats_will_need(run):
    """A small search in a large budget is not cut."""
    made = run(budget={"epochs": 1000}, **{"search.trials": 10})
    assert made.job.reason == ""
    assert sum(t.kind != "finalist" for t in made.trials) == 10


@pytest.mark.parametrize("name", ["wall_clock", "cpu_hours", "gpu_hours"])
def test_time_is_never_exceeded(run, name):
    shared = {"address": "head:1", "gpus": 0.5, "count": 2}
    made = run(size=2, budget={name: 0.1}, workers=shared)
    assert made.job.details["stopped_by"] == name
    assert 0.07 < getattr(made.spent, name) <= 0.1 + 1e-6
    assert made.finished
    assert made.repeats
    assert made.workers.killed == []


def test_what_runs_when_a_limit_strikes_is_stopped_and_charged(run):
    def late(task):
        if isinstance(task, Segment) and task.key.startswith("2:"):
            return 10_000.0
        return seconds(task)

    made = run(size=2, pace=late, budget={"cpu_hours": "20m"})
    assert [task.key for task in made.workers.killed] == ["2:1"]
    assert made.job.reason == "stopped by budget: CPU-hours 0.333 of 0.333"
    assert made.spent.cpu_hours == pytest.approx(1 / 3)
    assert (made.trials[2].state, made.trials[2].reason) == ("pruned", "stopped by budget")
    (stopped,) = [c for c in made.charges if c.outcome == "stopped"]
    assert (stopped.number, stopped.epochs) == (2, 0)
    assert sum(c.seconds for c in made.charges) == pytest.approx(1200)
    assert made.finished


def test_lost_segments_are_charged_in_time_and_not_in_epochs(run):
    lost = []

    def spoil(task, answer):
        if task.key == "1:3" and not lost:
            lost.append(task.key)
            return Lost(task.key, "for a test")
        return answer

    made = run(spoil=spoil)
    assert [c.outcome for c in made.charges].count("lost") == 1
    assert made.spent.epochs == sum(t.epoch for t in made.trials)
    assert made.spent.cpu_hours * 3600 == pytest.approx(sum(map(seconds, made.workers.seen)))


@pytest.mark.parametrize("at", [3, 8, 20, 26])
def test_an_interrupted_job_forgets_nothing_of_its_budget(store, tmp_path, at):
    def spoil(task, answer):
        if len(made.workers.seen) >= at and not hit:
            hit.append(at)
            raise KeyboardInterrupt
        return answer

    hit = []
    made = Run(store, tmp_path, 2, spoil=spoil, budget={"epochs": 150})
    with pytest.raises(KeyboardInterrupt):
        made.drive()
    before = spending(store, made.job)
    assert before.wall_clock * 3600 == pytest.approx(made.clock.now)
    made.drive()
    assert made.spent.epochs == sum(t.epoch for t in made.trials) <= 150
    assert made.spent.wall_clock * 3600 == pytest.approx(made.clock.now)
    assert {c.outcome for c in made.charges} == {"ok", "lost"}
    assert made.finished
    assert made.repeats


def test_a_search_that_its_budget_ended_does_not_begin_again(store, run):
    made = run(budget={"epochs": 100})
    count = len(made.trials)
    store.jobs.set_state(made.job.id, "interrupted")
    made.drive()
    assert len(made.trials) == count
    assert made.job.reason.startswith("stopped by budget: epochs")


@pytest.mark.parametrize(("trials", "limit"), [(4, 60), (40, 30)])
def test_a_job_that_is_given_more_goes_on(store, tmp_path, trials, limit):
    """Once its repeats were cut short, once its search."""
    changes = {"search.baselines": False, "search.pruner": "none", "search.trials": trials}
    made = Run(store, tmp_path, 2, budget={"epochs": limit}, **changes).drive()
    assert made.job.details["stopped_by"] == "epochs"
    less = f"budget.epochs={made.spent.epochs:.0f}"
    with pytest.raises(UsageProblem, match=r"is spent: epochs (\d+) of \1; .* budget.epochs="):
        asked_extension(store, made.job, 5, None, [less])
    _, spec = asked_extension(store, made.job, None, None, ["budget.epochs=5000"])
    home = Home(tmp_path / "home")
    made.job = extend(store, home, made.job, spec, found_for(spec))
    made.drive()
    assert (made.job.details["stopped_by"], made.job.reason) == (None, "")
    assert begun(made.trials) == trials
    assert {t.state for t in made.trials if t.kind == "finalist"} == {"done"}
    assert made.spent.epochs == sum(t.epoch for t in made.trials)


@pytest.mark.parametrize("inherit", [False, True])
@pytest.mark.parametrize("limit", [9, 20, 26, 33])
def test_what_came_from_the_cache_without_weights_counts_in_full(run, limit, inherit):
    """Such a trial trains from the start where it goes on beyond what was cached."""
    more = {"search.inherit": inherit, "search.baselines": False, "finalists.seeds": 1}
    run(**{"search.trials": 14, "search.reduction": 4, **more})
    more |= {"name": "second", "search.trials": 30, "search.reduction": 2}
    made = run(size=2, budget={"epochs": limit}, **more)
    assert made.spent.epochs <= limit


def test_measuring_latency_is_charged(run):
    made = run(**{"cost.objective": "latency_ms", "search.trials": 8, "budget.cpu_hours": 1})
    works = [c.work for c in made.charges]
    assert works[0] == "latency"
    assert works.count("latency") > 8
    assert made.spent.cpu_hours * 3600 == pytest.approx(sum(map(seconds, made.workers.seen)))


def test_a_source_may_be_driven_without_an_account(new_book):
    class Nothing:
        def next_task(self):
            return None

    drive(ClockedWorkers(Clock()), Nothing())

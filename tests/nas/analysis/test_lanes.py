from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from nas.analysis.lanes import Bar, Lane, bars_of, drawn_together, lanes_of
from nas.store.records import Charge

NAMES = {1: "one", 2: "two"}


def charge(start, seconds, number=0, outcome="ok", worker="", job=1, work="train"):
    return Charge(start, job, number, work, outcome, 1000 * start, seconds, 1, 0, 3, worker=worker)


def bar(start, end, worker="", job="one", outcome="ok", number=0):
    return Bar(job, number, "train", outcome, start, end, 1, worker)


def test_a_charge_is_a_bar_of_its_jobs_name():
    (one,) = bars_of([charge(5, 2.5, worker="host:1")], NAMES, 10**9)
    assert (one.job, one.start_ms, one.end_ms, one.seconds) == ("one", 5000, 7500, 2.5)
    assert (one.worker, one.epochs, one.again) == ("host:1", 3, False)


def test_work_that_was_lost_is_done_again_until_it_is_well_done():
    bars = bars_of(
        [charge(0, 1, outcome="lost"), charge(2, 1), charge(4, 1), charge(6, 1, number=9)],
        NAMES,
        10**9,
    )
    assert [one.again for one in bars] == [False, True, False, False]


def test_nothing_is_drawn_beyond_now():
    (one,) = bars_of([charge(5, 100)], NAMES, 6000)
    assert one.end_ms == 6000


def test_each_worker_has_a_lane():
    found = lanes_of([bar(0, 5, "a"), bar(1, 4, "b"), bar(5, 9, "a")])
    assert [(lane.worker, len(lane.bars)) for lane in found] == [("a", 2), ("b", 1)]


def test_what_runs_is_in_the_lane_of_a_free_worker_of_its_job_the_last_to_become_free():
    known = [bar(0, 5, "a"), bar(0, 7, "b"), bar(0, 7, "c", job="two")]
    running = bar(8, 9, outcome="running")
    found = {lane.worker: lane.bars for lane in lanes_of([*known, running])}
    assert found["b"][-1] == running


def test_where_no_worker_was_free_there_is_a_lane_without_a_name():
    found = lanes_of([bar(0, 5, "a"), bar(1, 4), bar(2, 3)])
    assert [lane.worker for lane in found] == ["a", "", ""]


BARS = st.lists(
    st.builds(
        lambda start, length, worker: bar(start, start + length, worker),
        st.integers(0, 50),
        st.integers(0, 20),
        st.just(""),
    ),
    max_size=12,
)


@given(BARS)
def test_bars_of_unknown_workers_never_overlap_in_a_lane(bars):
    bars = sorted(bars, key=lambda each: each.start_ms)
    lanes = lanes_of(bars)
    assert sorted(map(id, bars)) == sorted(id(b) for lane in lanes for b in lane.bars)
    for lane in lanes:
        for i, first in enumerate(lane.bars):
            for second in lane.bars[i + 1 :]:
                apart = first.end_ms <= second.start_ms or second.end_ms <= first.start_ms
                assert apart


def test_short_tasks_that_ended_well_are_drawn_as_one():
    lane = Lane("a", [bar(0, 2), bar(2, 4, number=1), bar(5, 6, outcome="failed"), bar(7, 9)])
    merged = drawn_together(lane, 4000).bars
    assert [(b.start_ms, b.end_ms, b.tasks, b.outcome) for b in merged] == [
        (0, 4, 2, "ok"),
        (5, 6, 1, "failed"),
        (7, 9, 1, "ok"),
    ]
    assert (merged[0].number, merged[0].epochs) == (None, 2)
    assert drawn_together(lane, 400).bars == lane.bars


def test_two_jobs_are_never_drawn_as_one():
    lane = Lane("a", [bar(0, 1), replace(bar(1, 2), job="two")])
    assert len(drawn_together(lane, 10**6).bars) == 2

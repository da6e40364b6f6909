from hypothesis import given
from hypothesis import strategies as st

from nas.search.pruner import ParetoPruner
from nas.tune.ladder import Ladder
from search_spaces.space import Parameter


def climbed(*trials, rungs=(1, 3, 9), reduction=2):
    """Every (cost, accuracy) enters and reports at the first rung; with what was decided."""
    ladder = Ladder(ParetoPruner(rungs, reduction, prune_after=0))
    decisions = []
    for number, (cost, accuracy) in enumerate(trials):
        ladder.enter(str(number), cost, {})
        decisions.append(ladder.reach(str(number), rungs[0], accuracy))
    return ladder, decisions


def test_the_first_waits_and_is_promoted_when_a_worse_one_came():
    ladder, decisions = climbed((10, 0.9), (10, 0.5))
    assert decisions == ["wait", "wait"]
    assert ladder.promotable() == ["0"]
    assert ladder.waiting == {"0": 1, "1": 1}


def test_one_that_is_better_on_arrival_goes_on_at_once():
    ladder, decisions = climbed((10, 0.5), (10, 0.9))
    assert decisions == ["wait", "on"]
    assert ladder.waiting == {"0": 1}
    assert ladder.reached("1") == {1: 0.9}


def test_a_costly_trial_is_not_in_the_way_of_a_cheap_one():
    ladder, _ = climbed((10, 0.5), (100, 0.9), (10, 0.4), (100, 0.6), reduction=2)
    assert set(ladder.promotable()) | {"1"} == {"0", "1"}


def test_higher_rungs_come_first_and_the_last_one_ends_a_trial():
    ladder, _ = climbed((10, 0.5), (10, 0.9), (10, 0.8), (10, 0.7))
    assert ladder.reach("1", 2, 0.95) == "on"
    assert ladder.reach("1", 3, 0.95) == "wait"
    del ladder.waiting["2"]
    assert ladder.reach("2", 3, 0.85) == "wait"
    assert ladder.promotable() == ["1"]
    del ladder.waiting["1"]
    assert ladder.reach("1", 9, 0.99) == "end"
    assert str(ladder) == (
        "rung 1: 4 reached, 2 wait, rung 3: 2 reached, 1 wait, rung 9: 1 reached, 0 wait"
    )


def test_a_report_between_rungs_or_a_second_one_decides_nothing():
    ladder, _ = climbed((10, 0.9), (10, 0.5))
    assert ladder.reach("0", 1, 0.1) == "on"
    assert ladder.reach("0", 2, 0.1) == "on"
    assert ladder.reached("0") == {1: 0.9}
    ladder.enter("leaps", 10, {})
    assert ladder.reach("leaps", 5, 0.1) == "wait"
    assert ladder.reached("leaps") == {3: 0.1}


def test_the_last_is_the_most_surpassed_at_the_lowest_rung():
    ladder, _ = climbed((10, 0.2), (20, 0.9), (20, 0.5), (20, 0.3), reduction=9)
    assert ladder.last() == "3"


def test_what_was_reached_before_counts():
    ladder = Ladder(ParetoPruner((1, 3), 2, prune_after=0))
    ladder.enter("old", 10, {1: 0.9, 3: 0.95})
    ladder.enter("new", 10, {})
    assert "old" in ladder
    assert ladder.reach("new", 1, 0.5) == "wait"
    assert ladder.promotable() == []


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9)), min_size=1, max_size=20),
    st.integers(2, 4),
)
def test_no_more_than_the_share_goes_on(trials, reduction):
    ladder, decisions = climbed(*trials, reduction=reduction)
    gone_on = decisions.count("on") + len(ladder.promotable())
    assert len(ladder.promotable()) <= len(trials) // reduction
    assert gone_on + len(ladder.waiting) - len(ladder.promotable()) == len(trials)


def test_the_surrogates_share_goes_to_what_it_expects_to_end_well():
    """Early reports mislead; the last rung shows that only ``kind`` counts."""
    ladder = Ladder(ParetoPruner((1, 3), 2, by_surrogate=1.0, prune_after=0))
    ladder.declare([Parameter("kind", ("good", "bad")), Parameter("other", tuple(range(9)))])
    for number in range(8):
        good = number % 2 == 0
        reached = {1: 0.5 - 0.1 * good, 3: 0.9 if good else 0.6}
        params = {"kind": "good" if good else "bad", "other": number}
        ladder.enter(f"old{number}", 10 + number, reached, params)
    for kind in ("bad", "good"):
        ladder.enter(kind, 10, {}, {"kind": kind, "other": 8})
        ladder.waiting[kind] = 1
        ladder._record.report(kind, 1, 0.5 if kind == "bad" else 0.4)
    for number in range(8):
        ladder.enter(f"stopped{number}", 20, {1: 0.1}, {}, "pruned")
    assert ladder.promotable() == ["good"]


def test_what_left_waits_no_more_and_a_finished_one_stays_finished():
    ladder, _ = climbed((10, 0.9), (10, 0.5))
    ladder.leave("1", "pruned")
    assert ladder.waiting == {"0": 1}
    del ladder.waiting["0"]
    assert ladder.reach("0", 9, 0.95) == "end"
    ladder.leave("0", "pruned")
    assert [t.state.name for t in ladder._record.optuna_study.trials] == ["COMPLETE", "PRUNED"]

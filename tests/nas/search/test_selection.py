import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.search.rungs import hint
from nas.search.selection import Belief, rate_of_new

PROMISES = st.lists(st.floats(0, 10), min_size=1, max_size=20)


def promises(correlation, trials=200, seed=0):
    """Of trials at a rung that says so much of the end; half of them have finished."""
    rng = np.random.default_rng(seed)
    here, noise = rng.normal(size=trials), rng.normal(size=trials)
    end = correlation * here + np.sqrt(1 - correlation**2) * noise
    end[trials // 2 :] = np.nan
    done = ~np.isnan(end)
    found = hint(here, end, np.full(trials, np.nan))
    belief = Belief.of_the_crowd(found, end, np.zeros(trials))
    return belief.promise(found, done, list(range(trials // 2, trials))), here[trials // 2 :]


@given(PROMISES, st.floats(0.1, 5), st.floats(0.1, 20))
def test_the_rate_lies_between_finishing_all_and_knowing_which(values, spent, left):
    values = np.array(values)
    rate = rate_of_new(values, spent, left)
    assert rate >= values.mean() / (spent + left) - 1e-12
    assert rate <= values.max() / left + 1e-12


@given(PROMISES, st.floats(0.1, 5), st.floats(0.1, 20))
def test_nothing_is_gained_by_new_trials_on_top_of_the_rate(values, spent, left):
    """What finishing is worth beyond the rate just pays for coming to the rung."""
    values = np.array(values)
    rate = rate_of_new(values, spent, left)
    beyond = np.maximum(values - rate * left, 0).mean()
    assert beyond == pytest.approx(rate * spent, abs=1e-9)


def test_where_promises_are_alike_all_are_worth_finishing():
    assert rate_of_new(np.full(8, 2.0), 2, 6) * 6 < 2.0
    assert rate_of_new(np.zeros(0), 2, 6) == 0


def test_a_rung_that_says_nothing_promises_the_same_of_all_and_one_that_does_tells_them_apart():
    for correlation, sign in ((0.0, 0), (0.9, 1), (-0.9, -1)):
        found, here = promises(correlation)
        worth = found >= rate_of_new(found, 2, 6) * 6
        if not sign:
            assert worth.mean() > 0.8
        else:
            assert worth.mean() < 0.5
            assert (sign * here[worth]).mean() > (sign * here).mean() + 0.5


def test_a_trial_that_finished_is_measured_against_the_others():
    top = np.array([1.0, 2.0, 3.0, 9.0])
    found = hint(top, top, np.zeros(4))
    belief = Belief.of_the_crowd(found, top, np.zeros(4))
    best, worst = belief.promise(found, np.ones(4, dtype=bool), [3, 0])
    assert best > worst >= 0

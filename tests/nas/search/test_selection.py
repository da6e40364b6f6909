import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.search.selection import LEAST_FINISHED, predicts, worthwhile

SHARES = st.floats(0.05, 0.9)


def rungs(correlation, trials=400, trend=3.0, kept=1.0, seed=0):
    """Accuracy at a rung and at the end, with a trend in cost; only the best ``kept`` finish."""
    rng = np.random.default_rng(seed)
    cost, here, noise = rng.uniform(size=trials), rng.normal(size=trials), rng.normal(size=trials)
    end = correlation * here + np.sqrt(1 - correlation**2) * noise
    end[here < np.quantile(here, 1 - kept)] = np.nan
    return here + trend * cost, end + trend * cost, cost


@given(SHARES, SHARES, st.floats(-1, 1))
def test_a_share_lies_between_the_least_and_all(spent, least, correlation):
    assert least - 1e-9 <= worthwhile(correlation, spent, least) <= 1


@given(SHARES, st.lists(st.floats(0, 0.95), min_size=2, max_size=2))
def test_the_better_a_rung_predicts_the_fewer_go_on(spent, correlations):
    low, high = sorted(correlations)
    assert worthwhile(low, spent, 0.1) >= worthwhile(high, spent, 0.1)


def test_a_rung_that_says_nothing_prunes_nothing():
    assert worthwhile(0.0, 0.25, 1 / 3) == 1
    assert worthwhile(0.9, 0.25, 1 / 3) == pytest.approx(1 / 3)


@pytest.mark.parametrize("kept", [1.0, 0.4])
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_correlation_is_found_beside_the_cost_and_behind_the_selection(correlation, kept):
    assert predicts(*rungs(correlation, kept=kept)) == pytest.approx(correlation, abs=0.15)


def test_nothing_is_concluded_from_few_or_equal_trials():
    here, end, cost = rungs(0.9, trials=30)
    end[LEAST_FINISHED - 1 :] = np.nan
    assert predicts(here, end, cost) is None
    assert predicts(np.ones(30), np.ones(30), cost) is None

import numpy as np
import pytest

from nas.search.rungs import at_last_rung, hint


def test_trials_at_the_top_keep_their_accuracy():
    y, extra = at_last_rung([{1: 0.3, 9: 0.8}, {1: 0.2, 9: 0.7}], [1, 2])
    assert y.tolist() == [0.8, 0.7]
    assert extra.tolist() == [0, 0]


@pytest.mark.parametrize(("noise", "sign"), [(0.0, 1), (0.0, -1), (5.0, 1)])
def test_a_rung_that_predicts_is_heard_and_one_that_does_not_is_next_to_nothing(noise, sign):
    """Whichever way it points: a rung where the best are behind tells as much."""
    rng = np.random.default_rng(0)
    last = 0.7 + 0.05 * rng.normal(size=60)
    low = sign * last + noise * 0.05 * rng.normal(size=60)
    cost = rng.uniform(size=60)
    reports = [{1: a, 9: b} for a, b in zip(low, last, strict=True)]
    ends = [{1: sign * 0.65}, {1: sign * 0.75}]
    y, extra = at_last_rung([*reports, *ends], [*cost, 0.5, 0.5])
    if noise:
        assert extra[-1] > 10 * last.var()
    else:
        assert y[-1] - y[-2] == pytest.approx(0.1, rel=0.1)
        assert extra[-1] < 0.1 * last.var()


def test_a_rung_that_only_tells_the_cost_says_nothing_of_trials_of_like_cost():
    rng = np.random.default_rng(1)
    cost = np.arange(60.0)
    last = 0.7 + cost / 200 + 0.02 * rng.normal(size=60)
    low = 0.3 + cost / 200 + 0.02 * rng.normal(size=60)
    assert np.corrcoef(low, last)[0, 1] > 0.9
    found = hint(low, last, cost)
    assert found.variance < 0.2 * found.left
    _, variance = found.heard()
    assert variance > 3 * 0.02**2


def test_what_is_heard_turns_the_crowd_into_what_the_regression_expects():
    rng = np.random.default_rng(2)
    low = rng.normal(size=80)
    found = hint(low, 0.5 * low + rng.normal(size=80), rng.uniform(size=80))
    heard, variance = found.heard()
    whole = found.variance + found.left
    gain = whole / (whole + variance)
    expected = found.usual + gain * (heard - found.usual)
    assert expected == pytest.approx(found.usual + found.slope * found.ahead)
    assert whole * (1 - gain) == pytest.approx(found.left)


def test_equal_trials_and_unknown_costs_are_numbers_still():
    same = hint(np.full(9, 0.5), np.full(9, 0.7), np.full(9, np.nan))
    heard, variance = same.heard()
    assert heard == pytest.approx(0.7)
    assert np.isfinite(variance)


def test_before_anything_reached_the_top_the_highest_rung_counts():
    y, extra = at_last_rung([{1: 0.3}, {1: 0.4, 3: 0.6}], [1, 2])
    assert y[1] == 0.6
    assert extra[0] > 0


def test_no_report_is_no_number():
    y, _ = at_last_rung([{}, {1: 0.3}], [1, 2])
    assert np.isnan(y[0])
    assert y[1] == 0.3
    assert np.isnan(at_last_rung([{}], [1])[0]).all()

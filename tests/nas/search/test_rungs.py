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


@pytest.mark.parametrize("sign", [1, -1])
def test_in_doubt_a_rung_says_less_and_with_many_trials_nearly_as_much(sign):
    rng = np.random.default_rng(3)
    last = rng.normal(size=400)
    low = sign * last + 0.7 * rng.normal(size=400)
    few, many = (hint(low[:n], last[:n], np.full(n, np.nan)) for n in (12, 400))
    for found in (few, many):
        least = found.doubted()
        assert least.variance + least.left == pytest.approx(found.variance + found.left)
        assert 0 <= sign * least.slope < sign * found.slope
    assert few.doubted().variance < 0.8 * few.variance
    assert many.doubted().variance > 0.85 * many.variance


def test_what_chance_could_have_said_is_nothing_in_doubt():
    rng = np.random.default_rng(4)
    found = hint(rng.normal(size=300), rng.normal(size=300), np.full(300, np.nan)).doubted()
    assert found.slope == found.variance == 0

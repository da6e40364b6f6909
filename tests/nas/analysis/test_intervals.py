import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.analysis.intervals import holm, t_interval, t_probability, t_quantile


def test_t_quantiles_of_the_tables():
    assert t_quantile(2) == pytest.approx(4.302653, abs=1e-5)
    assert t_quantile(10) == pytest.approx(2.228139, abs=1e-5)
    assert t_quantile(math.inf) == pytest.approx(1.959964, abs=1e-5)


def test_a_difference_at_the_quantile_has_five_percent():
    assert t_probability(4.302653, 2) == pytest.approx(0.05, abs=1e-6)
    assert t_probability(-4.302653, 2) == pytest.approx(0.05, abs=1e-6)
    assert t_probability(0, 5) == 1


def test_one_value_has_no_interval():
    seen = t_interval([0.5])
    assert (seen.mean, seen.sd, seen.low, seen.high, seen.count) == (0.5, None, None, None, 1)


def test_no_value_is_refused():
    with pytest.raises(ValueError, match="no values"):
        t_interval([])


def test_the_interval_holds_the_truth_in_95_percent_of_cases():
    draw = random.Random(1)
    inside = 0
    for _ in range(2000):
        seen = t_interval([draw.gauss(0.9, 0.01) for _ in range(3)])
        inside += seen.low <= 0.9 <= seen.high
    assert 0.935 < inside / 2000 < 0.965


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_never_makes_anything_likelier_and_keeps_the_order(probabilities):
    adjusted = holm(probabilities)
    assert all(p <= q <= 1 for p, q in zip(probabilities, adjusted, strict=True))
    order = sorted(range(len(adjusted)), key=lambda i: probabilities[i])
    assert [adjusted[i] for i in order] == sorted(adjusted)
    assert min(adjusted) == pytest.approx(min(1, len(adjusted) * min(probabilities)))

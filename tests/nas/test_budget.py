import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.budget import NAMES, Budget, Spending, amount

amounts = st.floats(0, 1e6)
spendings = st.builds(Spending, amounts, amounts, amounts, amounts)
limits = st.dictionaries(st.sampled_from(NAMES), st.floats(0.01, 1e6))


@given(spendings, spendings)
def test_spending_adds_up_by_name(left, right):
    both = left + right
    assert all(getattr(both, n) == getattr(left, n) + getattr(right, n) for n in NAMES)


@given(limits, spendings)
def test_over_names_a_limit_that_is_exceeded_or_none_is(limits, spent):
    budget = Budget(limits)
    over = budget.over(spent)
    exceeded = [n for n in NAMES if getattr(spent, n) > limits.get(n, math.inf) + 1e-9]
    assert over in exceeded if exceeded else over is None


@given(limits, spendings)
def test_time_strikes_and_epochs_do_not(limits, spent):
    struck = Budget(limits).struck(spent)
    assert struck != "epochs"
    if struck:
        assert getattr(spent, struck) >= limits[struck] - 1e-9


@given(limits, spendings, st.floats(0, 0.99))
def test_what_is_kept_is_at_most_the_need_and_the_share(limits, need, share):
    kept = Budget(limits, share).kept(need)
    for name in NAMES:
        assert getattr(kept, name) <= getattr(need, name)
        assert getattr(kept, name) <= share * limits.get(name, math.inf) or share == 0


@given(limits, spendings, st.integers(0, 8))
def test_when_the_hours_left_are_over_a_limit_strikes_and_not_before(limits, spent, running):
    budget, rate = Budget(limits), Spending(0.0, 1.0, 2.0 * running, 0.5 * running)
    left = budget.hours_left(spent, rate)
    assert left >= 0
    if math.isfinite(left):
        later = spent + Spending(0, left, rate.cpu_hours * left, rate.gpu_hours * left)
        eps = Spending(0, 1e-6, 1e-6, 1e-6)
        assert budget.struck(later + eps)


def test_a_recorded_section_without_limits_limits_nothing():
    assert Budget.of({}).limits == {}
    assert Budget.of({"epochs": None, "wall_clock": 2}) == Budget({"wall_clock": 2.0})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("epochs", "epochs 118 of 1,200"),
        ("wall_clock", "wall clock 1 h 30 min of 2 h"),
        ("cpu_hours", "CPU-hours 1.98 of 2.00"),
        ("gpu_hours", "GPU-hours 0.0123"),
    ],
)
def test_words(name, words):
    budget = Budget({"epochs": 1200, "wall_clock": 2, "cpu_hours": 2})
    assert budget.words(name, Spending(118, 1.5, 1.984, 0.01234)) == words
    assert amount("epochs", 7, None) == "7"

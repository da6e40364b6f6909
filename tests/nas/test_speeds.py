import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.speeds import Speeds


def test_nothing_known_costs_nothing():
    assert Speeds().seconds(10) == 0.0


def test_a_trial_has_its_own_speed_and_others_the_mean():
    speeds = Speeds()
    speeds.learn(0, 10.0, 5)
    speeds.learn(1, 30.0, 5)
    speeds.learn(1, 30.0, 5)
    assert speeds.seconds(3, 0) == pytest.approx(6.0)
    assert speeds.seconds(3, 1) == pytest.approx(18.0)
    assert speeds.seconds(3, 2) == speeds.seconds(3) == pytest.approx(14.0)


def test_a_task_without_epochs_teaches_nothing():
    speeds = Speeds()
    speeds.learn(0, 5.0, 0)
    assert speeds.seconds(10, 0) == 0.0


@given(st.lists(st.tuples(st.floats(0.01, 100), st.integers(1, 50)), min_size=1))
def test_the_mean_lies_between_the_slowest_and_the_fastest(tasks):
    speeds = Speeds()
    for number, (seconds, epochs) in enumerate(tasks):
        speeds.learn(number, seconds, epochs)
    each = [seconds / epochs for seconds, epochs in tasks]
    assert min(each) * 0.999 <= speeds.seconds(1) <= max(each) * 1.001

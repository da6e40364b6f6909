import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.pareto import hypervolume
from nas.search.acquisition import (
    expected_hypervolume_improvement,
    expected_improvement,
    height_at,
    staircase,
)


def area(accuracy, cost):
    return hypervolume(list(accuracy), list(cost), 0.0, 1.0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_without_uncertainty_it_is_the_area_that_a_point_adds(seed, size):
    rng = np.random.default_rng(seed)
    accuracy, cost = rng.random(size), rng.random(size)
    new = rng.random((5, 2))
    value = expected_hypervolume_improvement(
        new[:, 0], np.zeros(5), new[:, 1], staircase(accuracy, cost), (0.0, 1.0)
    )
    before = area(accuracy, cost)
    added = [area([*accuracy, a], [*cost, c]) - before for a, c in new]
    assert value == pytest.approx(added, abs=1e-9)


def test_it_is_the_mean_over_draws_of_the_accuracy():
    rng = np.random.default_rng(0)
    accuracy, cost = rng.random(6), rng.random(6)
    draws = 0.6 + 0.2 * rng.normal(size=4000)
    before = area(accuracy, cost)
    added = np.mean([area([*accuracy, min(a, 1e9)], [*cost, 0.4]) - before for a in draws])
    front = staircase(accuracy, cost)
    value = expected_hypervolume_improvement(
        np.array([0.6]), np.array([0.2]), np.array([0.4]), front, (0.0, 1.0)
    )
    assert value[0] == pytest.approx(added, rel=0.05)


def test_a_cost_beyond_the_reference_adds_nothing():
    front = staircase(np.array([0.5]), np.array([0.5]))
    value = expected_hypervolume_improvement(
        np.array([0.9]), np.array([0.1]), np.array([1.2]), front, (0.0, 1.0)
    )
    assert value[0] == 0


def test_a_staircase_holds_what_nothing_dominates():
    cost, accuracy = staircase(np.array([0.5, 0.4, 0.7, 0.5]), np.array([1.0, 2.0, 3.0, 1.0]))
    assert (cost.tolist(), accuracy.tolist()) == ([1.0, 3.0], [0.5, 0.7])
    assert height_at((cost, accuracy), np.array([0.5, 1.0, 9.0]), 0.1).tolist() == [0.1, 0.5, 0.7]


def test_expected_improvement_of_a_standard_normal_over_zero():
    one = np.array([1.0])
    assert expected_improvement(0 * one, one, 0 * one)[0] == pytest.approx(0.39894, abs=1e-4)

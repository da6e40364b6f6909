import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.pareto import contributions, front_indices, hypervolume, non_dominated_ranks

# A coarse grid, so that ties and equal points come up.
points = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=30)


def split(found):
    return [a / 8 for a, _ in found], [float(c) for _, c in found]


def dominates(a, b):
    return a[0] >= b[0] and a[1] <= b[1] and a != b


def ranks_by_peeling(found):
    ranks, left, rank = [None] * len(found), set(range(len(found))), 0
    while left:
        front = {i for i in left if not any(dominates(found[j], found[i]) for j in left)}
        for i in front:
            ranks[i] = rank
        left -= front
        rank += 1
    return ranks


@given(points)
def test_ranks_are_those_of_peeling_one_front_after_the_other(found):
    accuracy, cost = split(found)
    pairs = list(zip(accuracy, cost, strict=True))
    assert non_dominated_ranks(accuracy, cost) == ranks_by_peeling(pairs)


@given(points)
def test_the_front_is_what_nothing_dominates_by_rising_cost(found):
    accuracy, cost = split(found)
    pairs = list(zip(accuracy, cost, strict=True))
    front = front_indices(accuracy, cost)
    assert set(front) == {
        i for i, p in enumerate(pairs) if not any(dominates(other, p) for other in pairs)
    }
    assert [cost[i] for i in front] == sorted(cost[i] for i in front)


def test_equal_points_are_all_on_the_front():
    assert front_indices([0.5, 0.5, 0.5], [1, 1, 2]) == [0, 1]


def test_nothing_has_an_empty_front_and_no_volume():
    assert non_dominated_ranks([], []) == []
    assert front_indices([], []) == []
    assert hypervolume([], [], 0.1, 10) == 0


def test_ranking_many_points_is_not_quadratic():
    draw = random.Random(0)
    accuracy = [draw.random() for _ in range(100_000)]
    cost = [draw.random() for _ in range(100_000)]
    begun = time.perf_counter()
    non_dominated_ranks(accuracy, cost)
    assert time.perf_counter() - begun < 5


def test_one_point_dominates_its_rectangle():
    assert hypervolume([0.6], [2.0], 0.2, 10.0) == pytest.approx((0.4 / 0.8) * (8 / 10))


def test_two_points_dominate_a_staircase():
    area = (0.5 - 0.1) * (10 - 2) + (0.9 - 0.5) * (10 - 6)
    assert hypervolume([0.5, 0.9], [2, 6], 0.1, 10) == pytest.approx(area / (0.9 * 10))


def test_the_ideal_point_dominates_everything():
    assert hypervolume([1.0], [0.0], 0.1, 10) == 1


@pytest.mark.parametrize("accuracy, cost", [(0.05, 2.0), (0.1, 2.0), (0.9, 10.0), (0.9, 12.0)])
def test_a_point_outside_of_the_reference_adds_nothing(accuracy, cost):
    assert hypervolume([accuracy], [cost], 0.1, 10.0) == 0
    inside = hypervolume([0.6], [4.0], 0.1, 10.0)
    assert hypervolume([0.6, accuracy], [4.0, cost], 0.1, 10.0) >= inside


@given(points, st.integers(0, 7), st.integers(1, 9))
def test_hypervolume_is_the_share_of_dominated_cells(found, low, high):
    accuracy, cost = split(found)
    dominated = sum(
        any(a >= (i + 1) / 8 and c <= j for a, c in zip(accuracy, cost, strict=True))
        for i in range(low, 8)
        for j in range(high)
    )
    expected = dominated / ((8 - low) * high)
    assert hypervolume(accuracy, cost, low / 8, float(high)) == pytest.approx(expected)


@given(points, st.tuples(st.integers(0, 8), st.integers(0, 8)))
def test_another_point_never_lowers_the_hypervolume(found, more):
    before = hypervolume(*split(found), 0.125, 7.0)
    assert hypervolume(*split([*found, more]), 0.125, 7.0) >= before - 1e-12


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=12, unique=True))
def test_a_contribution_is_the_loss_without_the_point(found):
    accuracy, cost = split(found)
    front = front_indices(accuracy, cost)
    accuracy, cost = [accuracy[i] for i in front], [cost[i] for i in front]
    if len(set(zip(accuracy, cost, strict=True))) < len(front):
        return
    box, whole = (1 - 0.0) * 9, hypervolume(accuracy, cost, 0.0, 9.0)
    for i, alone in enumerate(contributions(accuracy, cost, 0.0, 9.0)):
        rest = hypervolume(accuracy[:i] + accuracy[i + 1 :], cost[:i] + cost[i + 1 :], 0.0, 9.0)
        assert alone == pytest.approx((whole - rest) * box)

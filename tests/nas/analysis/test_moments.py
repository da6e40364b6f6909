"""Sums over patterns say what the single rows say."""

import numpy as np
import pytest

from nas.analysis.moments import Moments


@pytest.fixture
def seen():
    """Groups that end at some rung; some are seen again."""
    rng = np.random.default_rng(0)
    group, rung = [], []
    for number in range(30):
        for _ in range(1 + (number % 5 == 0)):
            reached = rng.integers(1, 4)
            group += [number] * reached
            rung += range(reached)
    rows = rng.normal(size=(len(group), 4))
    return rows, np.array(group), np.array(rung), rng.normal(size=len(group))


def test_products_are_those_of_the_weighted_sums_of_groups(seen):
    rows, group, rung, values = seen
    weight, matrix = np.array([1.0, 2.0, 5.0]), np.diag([1.0, 2.0, 3.0, 4.0]) + 0.1
    sums = np.zeros((30, 4))
    np.add.at(sums, group, rows * weight[rung][:, None])
    told = np.bincount(group, weight[rung] * values)
    found = Moments.of(*seen)
    paired = found.weights(weight)
    assert np.tensordot(paired, found.products, 1) == pytest.approx(sums.T @ sums)
    assert paired @ found.answers == pytest.approx(sums.T @ told)
    traces = np.tensordot(found.products, matrix, 2)
    each = ((sums @ matrix) * sums).sum(axis=1)
    patterns = np.bincount(found.pattern, each)
    assert found.by_pattern(paired * traces) == pytest.approx(patterns)
    factors = 1.0 + np.arange(len(found.sizes))
    crossed = ((rows @ matrix) * sums[group]).sum(axis=1) * factors[found.pattern][group]
    assert found.by_rung(traces, weight, factors) == pytest.approx(np.bincount(rung, crossed))


def test_patterns_count_how_often_groups_were_seen(seen):
    _, group, rung, _ = seen
    found = Moments.of(*seen)
    counts = np.zeros((30, 3))
    np.add.at(counts, (group, rung), 1)
    assert (found.seen[found.pattern] == counts).all()
    assert found.sizes.sum() == 30

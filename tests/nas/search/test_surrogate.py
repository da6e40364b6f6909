import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.stats import kendalltau

from nas.search.encoding import Encoding
from nas.search.features import FeatureMap
from nas.search.surrogate import (
    Design,
    GaussianProcess,
    Hyper,
    _objective,
    safe_cholesky,
)

AXES = Encoding(tuple(f"x{i}" for i in range(8)), (tuple("abc"),) * 8, ((),) * 8)


def table(seed, count):
    """Architectures with main and pairwise effects: codes, design, truth."""
    rng = np.random.default_rng(seed)
    codes = AXES.random(rng, count)
    main, pair = rng.normal(size=(8, 3)), 0.5 * rng.normal(size=(3, 3))
    truth = sum(main[i][codes[:, i]] for i in range(8)) + pair[codes[:, 0], codes[:, 1]]
    numbers = rng.normal(size=(count, 1))
    return FeatureMap(AXES, numbers).design(codes, numbers), truth, rng


def fitted(design, y, extra=0.0):
    process = GaussianProcess()
    extra = np.broadcast_to(np.asarray(extra, dtype=float), len(y))
    process.tune(design, y, extra)
    process.condition(design, y, extra)
    return process


def rows(design, start, stop):
    return design.take(np.arange(start, stop))


def test_the_gradient_is_that_of_the_likelihood():
    design, truth, rng = table(0, 20)
    prior = Hyper({}).vector(design.labels)
    theta = prior + 0.3 * rng.normal(size=len(prior))
    args = (design, truth / truth.std(), np.full(20, 0.05), prior)
    error = check_grad(lambda t: _objective(t, *args)[0], lambda t: _objective(t, *args)[1], theta)
    assert error < 1e-4


@pytest.mark.parametrize(("count", "least"), [(10, 0.05), (40, 0.5), (150, 0.8)])
def test_it_ranks_what_it_has_not_seen(count, least):
    found = []
    for seed in range(3):
        design, truth, rng = table(seed, count + 200)
        process = fitted(rows(design, 0, count), truth[:count] + 0.3 * rng.normal(size=count))
        mean, _ = process.predict(rows(design, count, count + 200))
        found.append(kendalltau(mean, truth[count:])[0])
    assert np.mean(found) > least


def test_its_intervals_hold_what_they_promise():
    design, truth, rng = table(5, 300)
    process = fitted(rows(design, 0, 100), truth[:100] + 0.3 * rng.normal(size=100))
    mean, deviation = process.predict(rows(design, 100, 300))
    assert 0.85 < np.mean(np.abs(truth[100:] - mean) < 2 * deviation) <= 1


def test_units_do_not_matter():
    design, truth, _ = table(1, 60)
    one, other = fitted(design, truth), fitted(design, 1000 + 0.001 * truth)
    means, others = one.predict(design), other.predict(design)
    assert others[0] == pytest.approx(1000 + 0.001 * means[0], rel=1e-6)
    assert others[1] == pytest.approx(0.001 * means[1], rel=1e-3)


def test_a_noisier_observation_weighs_less():
    design, truth, _ = table(2, 40)
    y = truth.copy()
    y[0] += 5
    trusted = fitted(design, y).predict(rows(design, 0, 1))[0][0]
    extra = np.zeros(40)
    extra[0] = 100.0
    doubted = fitted(design, y, extra).predict(rows(design, 0, 1))[0][0]
    assert abs(doubted - truth[0]) < abs(trusted - truth[0])


@pytest.mark.parametrize("y", [np.full(12, 0.3), np.r_[np.zeros(11), 1e9]])
def test_degenerate_observations_give_finite_answers(y):
    design, _, _ = table(3, 12)
    design = Design(np.repeat(design.rows[:2], 6, axis=0), design.labels, design.block)
    mean, deviation = fitted(design, y).predict(design)
    assert np.isfinite(mean).all()
    assert np.isfinite(deviation).all()


def test_a_matrix_that_rounding_spoiled_still_has_a_factor():
    matrix = np.ones((5, 5)) - 1e-12 * np.eye(5)
    assert np.isfinite(safe_cholesky(matrix)).all()


def test_what_is_expected_without_the_own_observation_is_what_the_others_say():
    design, truth, rng = table(4, 60)
    y = truth + rng.normal(0, 0.1, 60)
    process = fitted(design, y)
    mean, deviation = process.without_own()
    for row in range(0, 60, 15):
        others = np.delete(np.arange(60), row)
        alone = GaussianProcess(process.hyper)
        alone.condition(design.take(others), y[others], np.zeros(59))
        expected = [float(found[0]) for found in alone.predict(rows(design, row, row + 1))]
        assert (mean[row], deviation[row]) == pytest.approx(expected, rel=0.1, abs=0.1)
    own, sure = process.predict(design)
    assert np.abs(own - y).mean() < np.abs(mean - y).mean()
    assert (sure < deviation).all()
    assert 0 < process.noise < y.var()

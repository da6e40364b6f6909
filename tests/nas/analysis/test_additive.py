import numpy as np
import pytest

from nas.analysis.additive import FREE, Observations, fit


def observations(
    rng, groups, effect, own=0.0, noise=0.1, rungs=2, reached=lambda values: len(values)
):
    """One feature that half the groups have, seen at some rungs."""
    rows, group, rung, values = [], [], [], []
    for number in range(groups):
        has = number % 2
        level = effect * has + rng.normal(0, own)
        seen = [level + r + rng.normal(0, noise) for r in range(rungs)]
        for r, value in enumerate(seen[: reached(seen)]):
            rows.append([*(float(r == k) for k in range(rungs)), has])
            group.append(number), rung.append(r), values.append(value)
    block = np.array([*[FREE] * rungs, 0])
    return Observations(np.array(rows), block, np.array(group), np.array(rung), np.array(values))


def test_coefficients_and_variances_come_back():
    found = fit(observations(np.random.default_rng(0), 400, effect=1.0, own=0.3, noise=0.1))
    assert found.mean == pytest.approx([0, 1, 1], abs=0.06)
    assert found.own**0.5 == pytest.approx(0.3, rel=0.15)
    assert found.noise**0.5 == pytest.approx([0.1, 0.1], rel=0.2)


def test_pruning_by_what_was_seen_does_not_bias_the_effect():
    """Of those that are low at the first rung nothing more is known."""
    estimates = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        seen = observations(
            rng, 60, 0.5, own=0.3, noise=0.1, reached=lambda values: 2 if values[0] > 0.3 else 1
        )
        estimates.append(fit(seen).mean[-1])
    assert np.mean(estimates) == pytest.approx(0.5, abs=0.05)


def test_an_effect_without_evidence_has_a_wide_interval_around_none():
    seen = observations(np.random.default_rng(1), 8, effect=0.0)
    unseen = Observations(
        np.column_stack([seen.rows, np.zeros(len(seen.rows))]),
        np.append(seen.block, 0),
        seen.group,
        seen.rung,
        seen.values,
    )
    mean, error = fit(unseen).contrast(np.array([[0, 0, 1.0, 0], [0, 0, 0, 1.0]]))
    assert mean[1] == pytest.approx(0)
    assert error[1] > error[0] > 0


def test_with_one_observation_each_all_that_is_left_is_noise():
    seen = observations(np.random.default_rng(2), 50, effect=1.0, own=0.2, noise=0.2, rungs=1)
    found = fit(seen)
    assert found.own == 0.0
    assert found.noise[0] ** 0.5 == pytest.approx(0.28, rel=0.3)

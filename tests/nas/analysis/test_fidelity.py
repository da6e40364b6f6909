import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from nas.analysis.fidelity import LEAST_TRIALS, Estimate, Fidelity, fidelities, rank_agreement

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=20)


def tau_of(pairs, resamples=0):
    early, late = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    return rank_agreement(early, late, resamples)


@given(PAIRS)
def test_tau_is_kendalls_with_ties_corrected(pairs):
    tau, _ = tau_of(pairs)
    known = kendalltau(*zip(*pairs, strict=True), variant="b").statistic
    if math.isnan(known):
        assert tau is None
    else:
        assert tau.value == pytest.approx(known)


@given(PAIRS)
def test_agreement_counts_pairs_that_differ_at_the_end(pairs):
    _, agreement = tau_of(pairs)
    votes = [
        0.5 + 0.5 * np.sign(a[0] - b[0]) * np.sign(a[1] - b[1])
        for i, a in enumerate(pairs)
        for b in pairs[:i]
        if a[1] != b[1]
    ]
    assert (agreement is None) == (not votes)
    if votes:
        assert agreement.value == pytest.approx(np.mean(votes))


@given(PAIRS)
def test_an_interval_lies_in_its_range_and_repeats(pairs):
    for estimate, (least, most) in zip(tau_of(pairs, 50), ((-1, 1), (0, 1)), strict=True):
        if estimate is not None and estimate.low is not None:
            assert least - 1e-9 <= estimate.low <= estimate.high <= most + 1e-9
    assert tau_of(pairs, 50) == tau_of(pairs, 50)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng, covered = np.random.default_rng(1), 0
    for _ in range(200):
        early = rng.normal(size=10)
        late = math.sin(math.pi / 4) * (early + rng.normal(size=10))
        tau, _ = rank_agreement(early, late, 300)
        covered += tau.low <= 0.5 <= tau.high
    assert covered > 200 * 0.9


def test_every_rung_but_the_last_is_compared_over_the_trials_seen_at_both():
    reports = [{1: 0.1 * i, 3: -0.1 * i, 9: 0.2 * i} for i in range(9)]
    reports += [{1: 0.9}, {1: 0.5, 3: 0.5}, {}]
    one, three = fidelities(reports, (1, 3, 9))
    assert (one.rung, one.trials, one.tau.value, one.agreement.value) == (1, 9, 1.0, 1.0)
    assert (three.rung, three.trials, three.tau.value, three.agreement.value) == (3, 9, -1.0, 0.0)
    assert not one.blind(0.2)
    assert three.blind(0.2)


def test_few_trials_have_no_interval_and_blind_nothing():
    reports = [{1: -i, 9: i} for i in range(LEAST_TRIALS - 1)]
    (found,) = fidelities(reports, (1, 9))
    assert found.tau == Estimate(-1.0, None, None)
    assert not found.blind(0.2)
    assert fidelities([], (1, 9)) == (Fidelity(1, 0, None, None),)


def test_a_rung_where_all_are_alike_predicts_nothing():
    (found,) = fidelities([{1: 0.5, 9: i} for i in range(9)], (1, 9))
    assert found.tau is None
    assert found.blind(0.2)


def test_intervals_can_be_left_out():
    reports = [{1: i % 5, 9: i} for i in range(12)]
    (with_one,), (without,) = (
        fidelities(reports, (1, 9), intervals=wanted) for wanted in (True, False)
    )
    assert without.tau == Estimate(with_one.tau.value)
    assert with_one.tau.low is not None

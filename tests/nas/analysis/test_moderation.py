import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import polygamma

from nas.analysis.moderation import Prior, inverse_trigamma, prior_of


@given(st.floats(0.01, 1000))
def test_inverse_trigamma_inverts(value):
    assert float(polygamma(1, inverse_trigamma(value))) == pytest.approx(value, rel=1e-6)


def drawn(rng, count, freedom, prior_freedom):
    """Variances whose truths follow Smyth's prior around 1."""

    def chi(freedom):
        return sum(rng.gauss(0, 1) ** 2 for _ in range(freedom)) / freedom

    return [chi(freedom) / chi(prior_freedom) for _ in range(count)]


def test_a_known_prior_is_found():
    found = prior_of(drawn(random.Random(0), 4000, 4, 6), [4] * 4000)
    assert found.freedom == pytest.approx(6, rel=0.15)


def test_equal_variances_are_worth_many_degrees_of_freedom():
    rng = random.Random(1)
    equal = prior_of(drawn(rng, 400, 4, 4000), [4] * 400)
    assert equal.freedom > 15
    assert equal.variance == pytest.approx(1, rel=0.1)


def test_unequal_variances_are_worth_few():
    found = prior_of([1, 1.1, 0.9, 1, 40, 45, 0.02, 0.03], [4] * 8)
    assert found.freedom < 2


def test_two_variances_say_nothing_about_their_spread_and_are_pooled():
    assert prior_of([1, 3], [2, 2]) == Prior(2, 4)


def test_a_zero_is_no_infinity():
    found = prior_of([0.0, 1.0, 1.2, 0.9], [2] * 4)
    assert 0 < found.variance < 2
    assert found.freedom > 0


def test_a_moderated_variance_lies_between_its_own_and_the_prior():
    assert Prior(1.0, 4.0).moderated(4.0, 2.0) == pytest.approx(2.0)
    assert Prior(1.0, 4.0).moderated(0.0, 0.0) == 1.0

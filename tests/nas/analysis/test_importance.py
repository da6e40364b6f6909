import random

import pytest

from nas.analysis.effects import effects_of
from nas.analysis.importance import REST
from tests.nas.analysis.studies import study


@pytest.fixture(scope="module")
def found():
    made = effects_of(*study(random.Random(4), 60, planted=0.03))
    return {(one.objective, one.axis): one for one in made.importance}


def test_shares_of_an_objective_add_up_to_one_with_the_rest(found):
    for objective in ("accuracy", "forward_flops", "parameters"):
        shares = [one.share for (o, _), one in found.items() if o == objective]
        assert sum(shares) == pytest.approx(1)
    assert ("latency_ms", "width") not in found


def test_what_matters_is_found_with_its_interval(found):
    """The width adds 0, 3 and 6 points: a standard deviation of 2.4. SE in stage 3 is two of its
    five equally likely choices and adds 3 points: 1.5."""
    width, late = found["accuracy", "width"], found["accuracy", "attention in stage3"]
    assert width.low < 0.66 < width.high
    assert late.low < 0.24 < late.high
    early = found["accuracy", "attention in stage1"]
    assert early.share < 0.1 < late.share < width.share
    assert found["accuracy", REST].share < 0.2


def test_cost_hangs_on_width_here(found):
    assert found["forward_flops", "width"].share > 0.999
    assert found["forward_flops", REST].share < 1e-3

import random

import pytest

from nas.search.known import known_of


def test_costs_are_those_of_the_built_architecture(new_plan):
    plan = new_plan()
    known = known_of(plan)
    architecture = plan.space.sample(random.Random(0))
    params = plan.space.params_of(architecture)
    assert known.cost(params) == plan.cost(architecture).forward_flops
    assert len(known.features(params)) == 3
    assert known.allowed(params)


def test_a_limit_of_the_job_is_known_beforehand(new_plan):
    known = known_of(new_plan(**{"cost.limits": {"parameters": 1.0}}))
    space = new_plan(name="free").space
    assert not known.allowed(space.params_of(space.sample(random.Random(0))))


def test_a_latency_is_not_known_beforehand(new_plan):
    assert known_of(new_plan(**{"cost.objective": "latency_ms"})).cost is None


def test_a_parameter_that_is_missing_is_a_key_error(new_plan):
    with pytest.raises(KeyError):
        known_of(new_plan()).cost({})

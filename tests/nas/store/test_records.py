from dataclasses import replace

import pytest

from nas.store.records import COSTS


def test_every_cost_can_be_asked_for(trial):
    measured = replace(trial, latency_ms=1.5)
    assert [measured.cost(name) for name in COSTS] == [2000.0, 100.0, 1.5]


def test_a_latency_that_was_never_measured_is_no_cost(trial):
    with pytest.raises(ValueError, match="trial 0 has no latency_ms"):
        trial.cost("latency_ms")

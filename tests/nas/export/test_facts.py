from dataclasses import replace

import pytest

from nas.export.facts import Facts, percent
from nas.export.trained import finished_trial


@pytest.fixture
def facts(recorded):
    recorded.add(accuracy=0.875)
    return Facts.of(recorded.job, *finished_trial(recorded.store, recorded.job, 0), None)


def test_takes_everything_from_the_records(facts, recorded, digits):
    assert (facts.job, facts.trial, facts.epochs, facts.accuracy) == ("small", 0, 1, 0.875)
    assert (facts.data, facts.data_hash) == ("digits", digits.data_hash)
    assert facts.images == {"train": 160, "validation": 40}
    assert facts.trained == "2023-11-14"
    assert facts.recipe["optimizer"] == "sgd"


def test_says_how_good_and_how_costly_it_is(facts):
    assert facts.accuracy_words() == "validation accuracy 87.50 %"
    tested = replace(facts, test_accuracy=0.8)
    assert tested.accuracy_words() == "validation accuracy 87.50 %, test accuracy 80.00 %"
    costs = replace(facts, parameters=1234, forward_flops=5_000_000, latency_ms=None)
    assert costs.cost_words() == "1,234 parameters, 5,000,000 forward FLOPs (a multiply-add is 2)"
    assert replace(costs, latency_ms=1.2345).cost_words().endswith("2), 1.23 ms latency")


def test_counts_epochs_in_words(facts):
    assert facts.training_words() == "1 epoch, seed 0"
    assert replace(facts, epochs=12).training_words() == "12 epochs, seed 0"


def test_percent():
    assert percent(0.98765) == "98.77 %"

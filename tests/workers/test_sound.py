import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.protocol import Latency, LatencyReport, Lost, Report
from workers.sound import sound

GOOD = {
    "validation_accuracy": 0.5,
    "validation_loss": 1.5,
    "train_loss": (2.0, 1.0),
    "train_accuracy": (0.1, 0.4),
    "test_accuracy": None,
}


def report(**changes):
    return Report("7:3", 3, "ok", worker="here:1", **(GOOD | changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"validation_accuracy": math.nan}, "a validation accuracy of nan; allowed: 0 to 1"),
        ({"validation_accuracy": 1.01}, "a validation accuracy of 1.01; allowed: 0 to 1"),
        ({"test_accuracy": math.nan}, "a test accuracy of nan; allowed: 0 to 1"),
        ({"train_accuracy": (0.1, -1.0)}, "a training accuracy of -1.0; allowed: 0 to 1"),
        ({"validation_loss": math.inf}, "a validation loss of inf; allowed: a finite number"),
        ({"train_loss": (1.0, math.nan)}, "a training loss of nan; allowed: a finite number"),
    ],
)
def test_a_number_that_can_not_be_makes_the_report_a_failed_one(changes, told):
    refused = sound(report(**changes))
    assert (refused.key, refused.end_epoch, refused.outcome) == ("7:3", 3, "diverged")
    assert refused.reason == f"the worker reported {told}"
    assert refused.worker == "here:1"
    assert refused.validation_accuracy == refused.validation_loss == 0.0


@given(st.floats(0, 1), st.floats(-1e300, 1e300))
def test_what_can_be_passes_as_it_is(accuracy, loss):
    good = report(validation_accuracy=accuracy, validation_loss=loss, test_accuracy=accuracy)
    assert sound(good) is good


def test_a_latency_must_be_a_time():
    good = LatencyReport("l", (Latency(1.5, 0.0),), "cpu")
    assert sound(good) is good
    for wrong in (math.nan, -1.0):
        refused = sound(LatencyReport("l", (Latency(wrong, 0.1),), "cpu"))
        assert refused.latencies == ()
        assert str(wrong) in refused.reason


def test_losses_and_failures_are_left_alone():
    for answer in (Lost("a", "gone"), Report("a", 1, "error", "why", validation_loss=math.nan)):
        assert sound(answer) is answer

import pytest

from nas.search.measuring import Candidate, Measured, Measuring, relative
from search_spaces.architecture import Architecture
from workers.protocol import Latency, LatencyReport, Lost

QUIET = Latency(2.0, 0.1)


@pytest.fixture
def measuring(new_plan):
    plan = new_plan(**{"cost.limits": {"latency_ms": 5.0}})
    return Measuring(plan, (Architecture.of(plan.space.backbones[0]), QUIET))


@pytest.fixture
def candidates(measuring):
    space = measuring._plan.space
    return [Candidate(Architecture.of(backbone), None) for backbone in space.backbones]


def answer(request, milliseconds, beside=2.0):
    return LatencyReport(request.key, (Latency(beside, 0.1), Latency(milliseconds, 0.2)), "cpu")


def test_what_is_fast_enough_has_its_latency(measuring, candidates):
    request = measuring.begin(candidates[0])
    assert list(measuring.running) == [candidates[0]]
    assert measuring.reason_against(candidates[0].architecture) == "duplicate"
    report = answer(request, 3.0)
    assert measuring.awaits(report)
    found = measuring.take(report)
    assert found == Measured(candidates[0], Latency(3.0, 0.2), None)
    assert not measuring.running
    assert measuring.slow == 0
    assert measuring.failure() is None


def test_what_is_too_slow_is_remembered_with_its_reason(measuring, candidates):
    found = measuring.take(answer(measuring.begin(candidates[0]), 9.0))
    assert found.latency is None
    assert "latency_ms" in found.reason
    assert measuring.reason_against(candidates[0].architecture) == found.reason
    assert "the fastest of 1 measured architectures took 9 ms" in measuring.failure()


def test_who_was_lost_through_no_fault_is_measured_again(measuring, candidates):
    lost = Lost(measuring.begin(candidates[0]).key, "the node is gone", "node")
    assert measuring.awaits(lost)
    assert measuring.abandon(lost) == candidates[0]
    assert measuring.reason_against(candidates[0].architecture) is None
    blamed = Lost(measuring.begin(candidates[0]).key, "killed")
    assert measuring.take(blamed).reason == "latency could not be measured"
    assert "could not be measured, of none of 1 architectures" in measuring.failure()


def test_so_many_in_a_row_are_enough(measuring, candidates, monkeypatch):
    monkeypatch.setattr("nas.search.measuring.MAX_SLOW_FIRST", 2)
    monkeypatch.setattr("nas.search.measuring.MAX_SLOW", 3)
    for milliseconds, first, later in ((9, False, False), (3, False, False), (9, False, False)):
        measuring.take(answer(measuring.begin(candidates[0]), milliseconds))
        assert measuring.exhausted(first=True) is first
        assert measuring.exhausted(first=False) is later
    measuring.take(answer(measuring.begin(candidates[0]), 9))
    assert measuring.exhausted(first=True)
    assert not measuring.exhausted(first=False)


def test_latency_is_scaled_to_the_quiet_reference():
    report = LatencyReport("k", (Latency(4.0, 0.4), Latency(6.0, 0.2)), "cpu")
    assert relative(report, QUIET) == Latency(3.0, 0.1)

"""Latencies of candidates, measured before they are trials; what is too slow is remembered."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from nas.plan import Plan
from nas.search.study import Suggestion
from nas.store.records import TrialKind
from search_spaces.architecture import Architecture
from workers.protocol import Answer, Latency, LatencyReport, LatencyRequest, Lost

#: Measured architectures refused in a row before the space counts as exhausted: fewer while there
#: is no trial at all, since plain backbones are measured first and little is faster.
MAX_SLOW, MAX_SLOW_FIRST = 200, 40


@dataclass(frozen=True)
class Candidate:
    """An architecture before it is a trial; ``suggestion`` is None outside the space."""

    architecture: Architecture
    suggestion: Suggestion | None
    kind: TrialKind = "search"
    label: str = ""


@dataclass(frozen=True)
class Measured:
    """A candidate that was measured: with its latency, or the reason why it can't be trained."""

    candidate: Candidate
    latency: Latency | None
    reason: str | None


class Measuring:
    """Candidates that are being measured, and those that were too slow.

    Args:
        plan: the job.
        reference: the plain backbone that latencies are measured beside, with its quiet latency;
            None where nothing is measured.
    """

    def __init__(self, plan: Plan, reference: tuple[Architecture, Latency] | None) -> None:
        self._plan, self._reference = plan, reference
        self._running: dict[str, Candidate] = {}
        self._slow: dict[Architecture, str] = {}
        self._slow_in_a_row = 0
        self._least_ms = math.inf

    @property
    def running(self) -> Collection[Candidate]:
        """Those that are being measured."""
        return self._running.values()

    @property
    def slow(self) -> int:
        """How many were measured and refused."""
        return len(self._slow)

    def awaits(self, answer: Answer | Lost) -> bool:
        """Whether an answer is about a measurement."""
        return isinstance(answer, LatencyReport) or answer.key in self._running

    def reason_against(self, architecture: Architecture) -> str | None:
        """Why this was refused or needs no other measurement, in words; None if it is new."""
        if any(candidate.architecture == architecture for candidate in self._running.values()):
            return "duplicate"
        return self._slow.get(architecture)

    def begin(self, candidate: Candidate) -> LatencyRequest:
        """What a worker has to measure."""
        assert self._reference is not None
        key = f"latency:{candidate.architecture.hash}"
        self._running[key] = candidate
        both = (self._reference[0].to_json(), candidate.architecture.to_json())
        batch = self._plan.spec.cost.latency_batch
        return LatencyRequest(key, both, self._plan.data, batch, self._plan.device)

    def abandon(self, lost: Lost) -> Candidate:
        """The candidate of a worker that was lost through no fault of it."""
        return self._running.pop(lost.key)

    def take(self, answer: Answer | Lost) -> Measured:
        """What an answer says of its candidate."""
        candidate = self._running.pop(answer.key)
        if not isinstance(answer, LatencyReport) or self._reference is None:
            return self._refused(candidate, "latency could not be measured")
        latency = relative(answer, self._reference[1])
        self._least_ms = min(self._least_ms, latency.median_ms)
        reason = self._plan.over_limit({"latency_ms": latency.median_ms})
        if reason is not None:
            return self._refused(candidate, reason)
        self._slow_in_a_row = 0
        return Measured(candidate, latency, None)

    def exhausted(self, *, first: bool) -> bool:
        """Whether so many were refused in a row that no other is worth it.

        Args:
            first: whether there is no trial at all yet.
        """
        return self._slow_in_a_row >= (MAX_SLOW_FIRST if first else MAX_SLOW)

    def failure(self) -> str | None:
        """What was measured in vain, in words; None if nothing was refused."""
        if not self._slow:
            return None
        if math.isinf(self._least_ms):
            return f"latency could not be measured, of none of {len(self._slow)} architectures"
        return (
            f"cost.limits.latency_ms is {self._plan.limits['latency_ms']:g}, but the fastest of "
            f"{len(self._slow)} measured architectures took {self._least_ms:.3g} ms: raise the "
            "limit or offer smaller backbones"
        )

    def _refused(self, candidate: Candidate, reason: str) -> Measured:
        self._slow[candidate.architecture] = reason
        self._slow_in_a_row += 1
        return Measured(candidate, None, reason)


def relative(report: LatencyReport, quiet: Latency) -> Latency:
    """A candidate's latency, measured beside the reference and scaled to the reference's quiet one.

    Both were timed in turn, so what else ran on the machine slowed both and cancels.
    """
    beside, candidate = report.latencies
    scale = quiet.median_ms / beside.median_ms
    return Latency(candidate.median_ms * scale, candidate.spread_ms * scale)

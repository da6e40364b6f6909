"""The smallest plain backbone's latency, which candidates are measured against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from nas.errors import NoSuchDevice
from nas.plan import Plan
from nas.search.drive import Source
from nas.store.records import Job
from nas.store.store import Store
from search_spaces.architecture import Architecture
from workers.protocol import Answer, Latency, LatencyReport, LatencyRequest, Lost

#: The latency objective's reference point, in latencies of the largest plain backbone: attention
#: at every place was never seen to cost more than this.
LATENCY_MARGIN = 3.0


def measure_reference(
    store: Store, job: Job, plan: Plan, run: Callable[[Source], None]
) -> tuple[Architecture, Latency]:
    """The smallest plain backbone and its latency while nothing else of ours runs; once a job.

    Args:
        store: where the job is recorded.
        job: whose details get the latency.
        plan: the job's.
        run: brings a source to its end on the job's workers.

    Raises:
        NoSuchDevice: if no worker could measure it.
    """
    plain = [Architecture.of(backbone, {}, plan.space.start) for backbone in plan.space.backbones]
    plain.sort(key=lambda architecture: plan.cost(architecture).forward_flops)
    known = job.details.get("latency_reference")
    if known is None:
        pair = (plain[0].to_json(), plain[-1].to_json())
        batch = plan.spec.cost.latency_batch
        question = _Question(
            LatencyRequest("latency:reference", pair, plan.data, batch, plan.device)
        )
        run(question)
        answer = question.answer
        if not isinstance(answer, LatencyReport) or not answer.latencies:
            reason = answer.reason if answer else "the budget ended before a worker answered"
            raise NoSuchDevice(f"latency could not be measured: {reason}")
        known = asdict(answer.latencies[0])
        details: dict[str, object] = {"latency_reference": known}
        if plan.objective == "latency_ms":
            before = job.details["reference"]["cost"] or 0.0  # an extended job keeps its box
            cost = max(before, LATENCY_MARGIN * answer.latencies[1].median_ms)
            details["reference"] = {**job.details["reference"], "cost": cost}
        store.jobs.add_details(job.id, details)
    return plain[0], Latency(**known)


class _Question:
    """One request, put again where its worker's node went away."""

    def __init__(self, request: LatencyRequest) -> None:
        self._request = request
        self._open = True
        self.answer: Answer | Lost | None = None

    def next_task(self) -> LatencyRequest | None:
        """The request, while nobody has it."""
        was, self._open = self._open, False
        return self._request if was else None

    def take(self, answer: Answer | Lost) -> None:
        """Keep the answer."""
        self._open = isinstance(answer, Lost) and not answer.blamed
        self.answer = None if self._open else answer

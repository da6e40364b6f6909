"""The smallest plain backbone's latency, which candidates are measured against."""

from __future__ import annotations

from dataclasses import asdict

from nas.errors import NoSuchDevice
from nas.plan import Plan
from nas.search.drive import Account
from nas.store.records import Job
from nas.store.store import Store
from search_spaces.architecture import Architecture
from workers.inline import WorkerPool
from workers.protocol import Latency, LatencyReport, LatencyRequest

#: The latency objective's reference point, in latencies of the largest plain backbone: attention
#: at every place was never seen to cost more than this.
LATENCY_MARGIN = 3.0


def measure_reference(
    store: Store, job: Job, plan: Plan, pool: WorkerPool, account: Account
) -> tuple[Architecture, Latency]:
    """The smallest plain backbone and its latency while nothing else of ours runs; once a job."""
    plain = [Architecture.of(backbone, {}, plan.space.start) for backbone in plan.space.backbones]
    plain.sort(key=lambda architecture: plan.cost(architecture).forward_flops)
    known = job.details.get("latency_reference")
    if known is None:
        pair = (plain[0].to_json(), plain[-1].to_json())
        batch = plan.spec.cost.latency_batch
        request = LatencyRequest("latency:reference", pair, plan.data, batch, plan.device)
        pool.submit(request)
        account.began(request)
        (answer,) = pool.wait(None)
        account.ended(answer)
        if not isinstance(answer, LatencyReport):
            raise NoSuchDevice(f"latency could not be measured: {answer}")
        known = asdict(answer.latencies[0])
        details: dict[str, object] = {"latency_reference": known}
        if plan.objective == "latency_ms":
            before = job.details["reference"]["cost"] or 0.0  # an extended job keeps its box
            cost = max(before, LATENCY_MARGIN * answer.latencies[1].median_ms)
            details["reference"] = {**job.details["reference"], "cost": cost}
        store.jobs.add_details(job.id, details)
    return plain[0], Latency(**known)

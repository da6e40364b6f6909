"""What the page of the cluster shows: who trains what, who drives what, and what went before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from dashboard.service import Standing
from nas.analysis.lanes import Bar, Lane, bars_of, lanes_of
from nas.analysis.summary import iso
from nas.holding.holder import process_of
from nas.store.records import Job
from nas.store.rows import now_ms
from nas.store.store import Store

#: Of a timeline, by name: hours back; ``latest`` is the last day on which anything was done.
Window = Literal["latest", "1", "6", "24", "168"]

#: Tasks of a timeline; of more, the newest.
MOST_TASKS = 4000

#: Lanes of a timeline; of more, those that were busy last.
MOST_LANES = 40

_HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Timeline:
    """Tasks by worker within a window.

    Attributes:
        start_ms: of the window; ``end_ms`` likewise, now if anything runs.
        cut: whether older tasks or lanes of the window are left out.
    """

    lanes: tuple[Lane, ...]
    start_ms: int
    end_ms: int
    cut: bool

    @property
    def bars(self) -> list[Bar]:
        """Of all lanes, oldest first."""
        return sorted((b for lane in self.lanes for b in lane.bars), key=lambda b: b.start_ms)


def timeline(store: Store, window: Window) -> Timeline:
    """The newest tasks of all jobs by worker.

    Args:
        store: of the jobs.
        window: how far back; ``latest``: a day back from the end of the last task.
    """
    now = now_ms()
    after = 0 if window == "latest" else now - int(window) * _HOUR_MS
    charges = store.charges.latest(MOST_TASKS, after)
    names = {job.id: job.name for job in store.jobs.list()}
    bars = bars_of([charge for charge in charges if charge.job_id in names], names, now)
    end = now
    if window == "latest" and bars and all(bar.outcome != "running" for bar in bars):
        end = max(bar.end_ms for bar in bars)
    if window == "latest":
        bars = [bar for bar in bars if bar.end_ms >= end - 24 * _HOUR_MS]
        after = min((bar.start_ms for bar in bars), default=end - _HOUR_MS)
    lanes = lanes_of(bars)
    newest = sorted(lanes, key=lambda lane: -max(bar.end_ms for bar in lane.bars))[:MOST_LANES]
    kept = tuple(lane for lane in lanes if any(lane is one for one in newest))
    cut = len(charges) >= MOST_TASKS or len(lanes) > MOST_LANES
    return Timeline(kept, after, end, cut)


def cluster_view(store: Store, found: Timeline, standing: Standing) -> dict[str, Any]:
    """Everything but the timeline's picture.

    Args:
        store: of the jobs.
        found: the tasks.
        standing: who is there to take jobs and who drives them.

    Returns:
        JSON-ready; it changes only when something happened, so that whoever polls can compare.
    """
    jobs = {job.id: job for job in store.jobs.list()}
    running = [bar for bar in found.bars if bar.outcome == "running"]
    drivers = _drivers(standing, jobs)
    driven = [each["job"] for each in drivers if not each["silent"]]
    return {
        "jobs": len(jobs),
        "running": [_now(bar, bar.job in driven) for bar in running],
        "workers": _workers(jobs, running, driven),
        "drivers": drivers,
        "dispatchers": _dispatchers(standing),
        "queue": _queue(store),
        "troubles": [_trouble(bar) for bar in reversed(found.bars) if _troubled(bar)][:12],
        "last": iso(max((bar.end_ms for bar in found.bars), default=0)) if found.bars else None,
        "undriven": [
            job.name for job in jobs.values() if job.state == "running" and job.name not in driven
        ],
    }


def numbered(lanes: Sequence[Lane]) -> list[str]:
    """A short name for each lane: ``worker 1``; ``not recorded 1`` where no task told."""
    known = unknown = 0
    names = []
    for lane in lanes:
        if lane.worker:
            known += 1
            names.append(f"worker {known}")
        else:
            unknown += 1
            names.append(f"unnamed {unknown}")
    return names


def _now(bar: Bar, driven: bool) -> dict[str, Any]:
    return {
        "job": bar.job,
        "trial": bar.number,
        "work": bar.work,
        "since": iso(bar.start_ms),
        "again": bar.again,
        "silent": not driven,
    }


def _workers(
    jobs: dict[int, Job], running: Sequence[Bar], driven: Sequence[str]
) -> list[dict[str, Any]]:
    """Of each job that is driven: how many workers it has, and how many of them work."""
    found = []
    for job in jobs.values():
        if job.name not in driven or job.state != "running":
            continue
        workers = job.details["workers"]
        busy = sum(bar.job == job.name for bar in running)
        found.append(
            {
                "job": job.name,
                "count": workers["count"],
                "busy": min(busy, workers["count"]),
                "cpus": workers["cpus"],
                "gpus": workers["gpus"],
                "device": workers["device"],
                "address": workers.get("address") or "this machine",
            }
        )
    return found


def _drivers(standing: Standing, jobs: dict[int, Job]) -> list[dict[str, Any]]:
    return [
        {
            "job": jobs[held.job_id].name,
            "state": jobs[held.job_id].state,
            "holder": process_of(held.holder),
            "since": iso(held.since_ms),
            "takeovers": held.takeovers,
            "silent": silent,
            "seen": iso(held.beat_ms) if silent else None,
        }
        for held, silent in standing.leases
        if held.job_id in jobs
    ]


def _dispatchers(standing: Standing) -> list[dict[str, Any]]:
    return [
        {
            "holder": process_of(one.holder),
            "slots": one.slots,
            "since": iso(one.since_ms),
            "silent": silent,
            "seen": iso(one.beat_ms) if silent else None,
        }
        for one, silent in standing.dispatchers
    ]


def _queue(store: Store) -> list[dict[str, Any]]:
    """Jobs that wait for a driver, the next one first."""
    return [
        {
            "job": job.name,
            "owner": job.owner,
            "priority": job.priority,
            "since": iso(job.created_ms),
        }
        for job in store.queue.waiting()
        if job.state == "queued"
    ]


def _troubled(bar: Bar) -> bool:
    return bar.outcome in ("failed", "lost", "stopped") or bar.again


def _trouble(bar: Bar) -> dict[str, Any]:
    kept = ("job", "number", "work", "outcome", "worker", "again")
    found = {key: value for key, value in asdict(bar).items() if key in kept}
    return found | {"at": iso(bar.end_ms), "seconds": bar.seconds}

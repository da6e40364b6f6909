"""Where a job stands, as one mapping: what ``nas show -o json`` prints; see docs/json.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from nas.analysis.front import Point, comparable, front_of, leaders, point_of
from nas.analysis.spending import limits_of, spending
from nas.holding.leasing import is_driven
from nas.store.records import COSTS, Job, Trial
from nas.store.store import Store
from nas.store.tallies import Group, Tally
from nas.tracking.links import TrackedRun

#: States of a trial in the order in which people read them.
STATES = ("done", "pruned", "failed", "running", "waiting")

#: Jobs of one query: databases limit how many values it may name.
_BLOCK = 1000


def job_summary(store: Store, job: Job) -> dict[str, Any]:
    """Everything about a job that fits a screen; keys and units are documented and stable."""
    return job_summaries(store, [job])[0]


def job_summaries(store: Store, jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """The same for many jobs, in their order, with as many queries as for one."""
    blocks = (jobs[start : start + _BLOCK] for start in range(0, len(jobs), _BLOCK))
    return [summary for block in blocks for summary in _summaries(store, block)]


def _summaries(store: Store, jobs: Sequence[Job]) -> list[dict[str, Any]]:
    ids = [job.id for job in jobs]
    tallies = store.tallies.each(ids)
    leading, again = leaders(store, jobs), store.trials.of_kind(ids, "retrain")
    return [
        _summary(store, job, tallies[job.id], leading.get(job.id, []), again.get(job.id, []))
        for job in jobs
    ]


def _summary(
    store: Store, job: Job, tally: Tally, leading: list[Trial], again: list[Trial]
) -> dict[str, Any]:
    searched = [group for group in tally.groups if group.searched]
    counted = [group for group in searched if group.counted]
    found = front_of(job, leading)  # without repeats, whose intervals would load scipy
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state,
        "reason": job.reason,
        "owner": job.owner,
        "priority": job.priority,
        "request": job.request,
        "driven": is_driven(tally.holding),
        "created": iso(job.created_ms),
        "started": iso(job.started_ms),
        "finished": iso(job.finished_ms),
        "objective": job.details["objective"],
        "space_size": job.details["space_size"],
        "rungs": list(job.details["rungs"]),
        "budget": {"trials": job.spec["search"]["trials"], **limits_of(job)},
        "spent": {
            "trials": sum(group.count for group in counted),
            **asdict(spending(store, job, tally)),
        },
        "stopped_by": job.details.get("stopped_by"),
        "trials": counts(counted),
        "warm_start": counts([group for group in searched if not group.counted]),
        "finalists": counts([group for group in tally.groups if group.kind == "finalist"]),
        "retrained": [_again(trial) for trial in again],
        "epochs": epochs(
            searched,
            job.details["rungs"][-1],
            tally.reused.search_epochs,
            tally.inherited_epochs,
        ),
        "cache": {
            "reports": tally.reused.reports,
            "epochs": tally.reused.epochs,
            "worker_seconds": tally.reused.seconds,
        },
        "checkpoints": {
            "place": job.details.get("checkpoints"),
            "disk_limit": job.spec.get("checkpoints", {}).get("disk_limit"),
            "dropped": tally.dropped,
            "over_disk_limit": job.details.get("over_disk_limit"),
        },
        "duplicates": job.details.get("duplicates"),
        "exhausted": job.details.get("exhausted", False),
        "worker_seconds": tally.worker_seconds,
        "extensions": [_extension(entry) for entry in job.details.get("extensions", [])],
        "best": _best(job, leading),
        "front_size": len(found.points),
        "hypervolume": found.hypervolume,
        "last_event": tally.last_event,
        "mlflow": None if (run := TrackedRun.of(job.details)) is None else run.to_dict(),
    }


def trial_row(trial: Trial) -> dict[str, Any]:
    """One element of ``trial_list`` of ``nas show --trials -o json``."""
    hidden = ("id", "job_id", "created_ms", "finished_ms", "params")
    kept = {key: value for key, value in asdict(trial).items() if key not in hidden}
    return {
        "trial": kept.pop("number"),
        **kept,
        "architecture": json.loads(trial.architecture),
    }


def counts(groups: Sequence[Group]) -> dict[str, int]:
    """How many trials, and how many in each state."""
    found = {"total": sum(group.count for group in groups)} | dict.fromkeys(STATES, 0)
    for group in groups:
        found[group.state] += group.count
    return found


def epochs(
    groups: Sequence[Group], budget: int, reused: int = 0, inherited: int = 0
) -> dict[str, int | float]:
    """What stopping early saved.

    Args:
        groups: of the search's trials, without finalists.
        budget: epochs of a trial that runs to the end.
        reused: epochs of these trials that came from the cache.
        inherited: epochs of scores on inherited weights.

    Returns:
        ``trained`` by this job, with ``inherited``; ``reused`` from the cache;
        ``without_pruning``, had every pruned trial run to the end and nothing come from the cache
        or been scored; ``saved_share`` of the latter by pruning, less what scores took: below 0
        where they took more.
    """
    passed = sum(group.epochs for group in groups)
    saved = sum(budget * group.count - group.epochs for group in groups if group.saves)
    whole = passed + saved
    share = (saved - inherited) / whole if whole else 0.0
    return {
        "trained": passed - reused + inherited,
        "inherited": inherited,
        "reused": reused,
        "without_pruning": whole,
        "saved_share": share,
    }


def _again(trial: Trial) -> dict[str, Any]:
    """A trial that was trained again with a recipe of its own."""
    kept = ("origin", "seed", "state", "epoch", "accuracy", "test_accuracy")
    budget = (trial.recipe or {}).get("epochs")
    return {"trial": trial.number, **{k: getattr(trial, k) for k in kept}, "epochs": budget}


def iso(ms: int | None) -> str | None:
    """UTC milliseconds as ISO 8601 to the second, ``2026-01-31T12:00:00Z``."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _extension(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"at": iso(entry["at_ms"]), "trials": entry["trials"], "changes": entry["changes"]}


def _best(job: Job, trials: Sequence[Trial]) -> dict[str, Any] | None:
    done = comparable(job, trials)
    if not done:
        return None
    best: Point = point_of(max(done, key=lambda trial: trial.accuracy or 0), {})
    return {name: getattr(best, name) for name in ("trial", "label", "accuracy", *COSTS)}

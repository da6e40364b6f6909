"""Where a job stands, as one mapping: what ``nas show -o json`` prints; see docs/json.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from nas.analysis.front import Point, comparable, front_of, point_of
from nas.analysis.spending import limits_of, spending
from nas.leasing import is_driven
from nas.store.records import COSTS, Job, Trial
from nas.store.store import Store
from nas.tracking.links import TrackedRun

#: States of a trial in the order in which people read them.
STATES = ("done", "pruned", "failed", "running", "waiting")


def job_summary(
    store: Store,
    job: Job,
    trials: Sequence[Trial] | None = None,
    last_event: int | None = None,
) -> dict[str, Any]:
    """Everything about a job that fits a screen; keys and units are documented and stable.

    Args:
        store: of the job.
        job: as it is now.
        trials: of the job, where they were read already.
        last_event: the job's newest event before they were read.
    """
    if last_event is None:
        last_event = store.jobs.last_event(job.id)
    trials = store.trials.list(job.id) if trials is None else trials
    searched = [trial for trial in trials if trial.searched]
    reused = store.trainings.reused(job.id)
    found = front_of(job, searched)  # without repeats, whose intervals would load scipy
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state,
        "reason": job.reason,
        "owner": job.owner,
        "priority": job.priority,
        "request": job.request,
        "driven": is_driven(store, job),
        "created": iso(job.created_ms),
        "started": iso(job.started_ms),
        "finished": iso(job.finished_ms),
        "objective": job.details["objective"],
        "space_size": job.details["space_size"],
        "rungs": list(job.details["rungs"]),
        "budget": {"trials": job.spec["search"]["trials"], **limits_of(job)},
        "spent": {
            "trials": sum(trial.counted for trial in searched),
            **asdict(spending(store, job)),
        },
        "stopped_by": job.details.get("stopped_by"),
        "trials": counts([trial for trial in searched if trial.counted]),
        "warm_start": counts([trial for trial in searched if not trial.counted]),
        "finalists": counts([trial for trial in trials if trial.kind == "finalist"]),
        "retrained": [_again(trial) for trial in trials if trial.kind == "retrain"],
        "epochs": epochs(
            searched,
            job.details["rungs"][-1],
            reused.search_epochs,
            store.trainings.inherited_epochs(job.id),
        ),
        "cache": {
            "reports": reused.reports,
            "epochs": reused.epochs,
            "worker_seconds": reused.seconds,
        },
        "checkpoints": {
            "place": job.details.get("checkpoints"),
            "disk_limit": job.spec.get("checkpoints", {}).get("disk_limit"),
            "dropped": store.trials.dropped(job.id),
            "over_disk_limit": job.details.get("over_disk_limit"),
        },
        "duplicates": job.details.get("duplicates"),
        "exhausted": job.details.get("exhausted", False),
        "worker_seconds": store.trials.worker_seconds(job.id),
        "extensions": [_extension(entry) for entry in job.details.get("extensions", [])],
        "best": _best(job, trials),
        "front_size": len(found.points),
        "hypervolume": found.hypervolume,
        "last_event": last_event,
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


def counts(trials: Sequence[Trial]) -> dict[str, int]:
    """How many trials, and how many in each state."""
    found = {"total": len(trials)} | dict.fromkeys(STATES, 0)
    for trial in trials:
        found[trial.state] += 1
    return found


def epochs(
    trials: Sequence[Trial], budget: int, reused: int = 0, inherited: int = 0
) -> dict[str, int | float]:
    """What stopping early saved.

    Args:
        trials: of the search, without finalists.
        budget: epochs of a trial that runs to the end.
        reused: epochs of these trials that came from the cache.
        inherited: epochs of scores on inherited weights.

    Returns:
        ``trained`` by this job, with ``inherited``; ``reused`` from the cache;
        ``without_pruning``, had every pruned trial run to the end and nothing come from the cache
        or been scored; ``saved_share`` of the latter by pruning, less what scores took: below 0
        where they took more.
    """
    passed = sum(trial.epoch for trial in trials)
    saved = sum(budget - trial.epoch for trial in trials if _saves(trial))
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


def _saves(trial: Trial) -> bool:
    return trial.state == "pruned" and trial.counted  # nobody would train what is taken over


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

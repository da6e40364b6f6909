"""Recording an extension: the job is queued again and knows what it was extended with."""

from __future__ import annotations

from typing import Any

from nas.errors import DataProblem
from nas.holding.leasing import driving
from nas.home import Home
from nas.job_file.spec import JobSpec
from nas.jobs.deep import DeepReport
from nas.jobs.extension import begun, extension
from nas.jobs.submission import baselines_and_shares
from nas.plan import Plan
from nas.search.book import TrialBook
from nas.store.records import Job
from nas.store.store import Store
from search_spaces.architecture import Architecture


def extend(store: Store, home: Home, job: Job, spec: JobSpec, found: DeepReport) -> Job:
    """Queue a job again under a changed spec.

    Every finished trial stays what it is, also outside of a narrowed space: it was trained by the
    same recipe on the same data, so the front and the report go on counting it. What still ran or
    waited and would not be suggested any more is pruned.

    Args:
        store: where the job is recorded.
        home: of its checkpoints.
        job: not driven by anybody.
        spec: checked by ``extended_spec``.
        found: what the deep check saw.

    Raises:
        DataProblem: if the images are not those that the job began with.
        WrongState: if a process drives the job.
    """
    if found.data_hash != job.details["data"]["hash"]:
        raise DataProblem(
            f"the images have changed since job {job.name} began (hash {found.data_hash}, was "
            f"{job.details['data']['hash']}), so new trials would not compare with its old ones"
        )
    with driving(store, job) as held:
        store = held.store
        trials = store.trials.list(job.id)
        entry = extension(job, spec, begun(trials))
        changed = ", ".join(entry["changes"])
        planned, shares = baselines_and_shares(spec, found)
        store.jobs.extend(
            job.id,
            spec.model_dump(mode="json"),
            {
                **_details(job, found),
                "baselines": planned,
                "extensions": [*job.details.get("extensions", []), entry],
            },
            f"extended: {changed}",
            shares,
        )
        job = store.jobs.get(job.name)
        _prune_outside(TrialBook(Plan.of(job, home.checkpoints(job.name)), store))
    return job


def _details(job: Job, found: DeepReport) -> dict[str, Any]:
    """What depends on the space; the hypervolume's box grows with it and never shrinks."""
    old, objective = job.details, job.details["objective"]
    range_ = {
        name: [
            min(old["cost_range"][name][0], getattr(found.lowest, name)),
            max(old["cost_range"][name][1], getattr(found.highest, name)),
        ]
        for name in old["cost_range"]
    }
    details: dict[str, Any] = {
        "space_size": found.space_size,
        "cost_range": range_,
        "exhausted": False,
        "stopped_by": None,
    }
    if objective in range_:
        details["reference"] = {**old["reference"], "cost": range_[objective][1]}
    if old.get("latency_reference"):
        details["latency_reference"] = None  # measured anew: the smallest backbone may be another
    return details


def _prune_outside(book: TrialBook) -> None:
    for trial in [*book.in_state("running"), *book.in_state("waiting")]:
        if trial.kind not in ("search", "warm"):
            continue
        over = book.plan.over_limit(trial.costs())
        if Architecture.from_json(trial.architecture) not in book.plan.space:
            over = "outside of the space as extended"
        if over:
            book.set_state(trial.number, "pruned", over)

"""A store as large as the scale benchmark wants it: many jobs, one of them with many trials."""

from __future__ import annotations

import random
from dataclasses import asdict
from typing import Any

from orchestration import SHAPE, SPACE
from sqlalchemy import insert

from nas.job_file.spec import JobSpec
from nas.jobs.deep import DeepReport
from nas.jobs.submission import submit
from nas.search.draws import draw
from nas.store import schema
from nas.store.records import Job, NewTrial
from nas.store.store import Store
from search_spaces.architecture import Architecture
from search_spaces.cost import Cost, cost_range
from search_spaces.space import SearchSpace
from workers.synthetic import accuracy_at

RUNGS = (1, 2, 4)

#: Trials of every job but the large one.
SMALL = 10

#: Rows that are inserted at once.
_BLOCK = 2000


def empty_spec(name: str, trials: int, **search: Any) -> JobSpec:
    """A job over 12 categorical parameters whose trainings take nothing."""
    return JobSpec.model_validate(
        {
            "name": name,
            "space": SPACE,
            "recipe": {"epochs": RUNGS[-1]},
            "search": {"trials": trials, "rungs": RUNGS, "baselines": False, **search},
            "finalists": {"seeds": 0},
        }
    )


def found(space: SearchSpace) -> DeepReport:
    """What a deep check would see, without loading images."""
    low, high = cost_range(space, SHAPE)
    moments = (0.0,) * 3, (1.0,) * 3
    return DeepReport(SHAPE, "0" * 16, *moments, 1, 1, 1, space.size(), low, high, 1.0)


def fill(store: Store, jobs: int, trials: int) -> Job:
    """Record finished jobs in bulk, as a search leaves them; gives the one with many trials."""
    spec = empty_spec("large", trials)
    space = spec.search_space()
    seen = found(space)
    large = submit(store, spec, seen)
    costs = (seen.lowest, seen.highest)
    rng = random.Random(0)
    pool = _architectures(space, trials, rng)
    ids = [large.id, *_more_jobs(store, large, jobs - 1)]
    with store.engine.begin() as connection:
        numbers = [(job_id, n) for job_id in ids[1:] for n in range(SMALL)]
        numbers += [(large.id, n) for n in range(trials)]
        rows = [_trial(job_id, n, pool[n], costs, rng) for job_id, n in numbers]
        rows = [row | {"id": at} for at, row in enumerate(rows, 1)]
        for table, content in _tables(rows).items():
            for start in range(0, len(content), _BLOCK):
                block = content[start : start + _BLOCK]
                connection.execute(insert(schema.metadata.tables[table]), block)
        if connection.dialect.name == "postgresql":  # ids were given, so its counter is behind
            connection.exec_driver_sql(
                "SELECT setval('trials_id_seq', (SELECT max(id) FROM trials))"
            )
    _tidy(store)
    return store.jobs.get("large")


def _tidy(store: Store) -> None:
    """What the database does by itself some time after so much was written."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        vacuums = connection.dialect.name == "postgresql"
        connection.exec_driver_sql("VACUUM ANALYZE" if vacuums else "ANALYZE")


def _architectures(space: SearchSpace, count: int, rng: random.Random) -> list[Architecture]:
    unique: dict[str, Architecture] = {}
    while len(unique) < count:
        drawn = draw(space, rng, lambda _: None)
        assert drawn is not None
        unique[drawn.hash] = drawn
    return list(unique.values())


def _more_jobs(store: Store, like: Job, count: int) -> list[int]:
    """Copies under other names and owners, in the states of a used service."""
    shares = store.jobs.cost_shares(like.id)
    states = ("done", "done", "done", "queued", "cancelled")
    rows = [
        {**asdict(like), "id": like.id + n, "name": f"job-{n}", "state": states[n % 5]}
        | {"owner": f"owner-{n % 20}", "cost_shares": shares}
        for n in range(1, count + 1)
    ]
    with store.engine.begin() as connection:
        connection.execute(insert(schema.jobs), rows)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT setval('jobs_id_seq', (SELECT max(id) FROM jobs))")
    return [row["id"] for row in rows]


def _trial(
    job_id: int,
    number: int,
    architecture: Architecture,
    costs: tuple[Cost, Cost],
    rng: random.Random,
) -> dict[str, Any]:
    """A third is trained to the end, the others are pruned at a rung."""
    reached = rng.randrange(len(RUNGS))
    share, done = rng.random(), reached == len(RUNGS) - 1
    low, high = costs
    text = architecture.to_json()
    new = NewTrial(
        kind="search",
        hash=architecture.hash,
        architecture=text,
        params={},
        seed=0,
        parameters=round(low.parameters + share * (high.parameters - low.parameters)),
        forward_flops=round(low.forward_flops + share * (high.forward_flops - low.forward_flops)),
    )
    return {
        **asdict(new),
        "job_id": job_id,
        "number": number,
        "state": "done" if done else "pruned",
        "reason": "",
        "epoch": RUNGS[reached],
        "accuracy": accuracy_at(text, RUNGS[reached], RUNGS[-1], 0),
        "attempts": 0,
        "created_ms": number,
        "finished_ms": number + 1,
    }


def _tables(trials: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """What a search writes beside a trial: reports, charges, events."""
    reports, charges, events = [], [], []
    for trial in trials:
        told = {
            "job_id": trial["job_id"],
            "trial_id": trial["id"],
            "created_ms": trial["created_ms"],
        }
        events.append({**told, "kind": "trial_added", "data": {"number": trial["number"]}})
        for epoch in RUNGS[: RUNGS.index(trial["epoch"]) + 1]:
            accuracy = accuracy_at(trial["architecture"], epoch, RUNGS[-1], 0)
            data = {
                "number": trial["number"],
                "epoch": epoch,
                "accuracy": accuracy,
                "state": "waiting",
            }
            events.append({**told, "kind": "report", "data": data})
            reports.append(_report(trial, epoch, accuracy))
            charges.append(_charge(trial))
    return {"trials": trials, "reports": reports, "charges": charges, "events": events}


def _report(trial: dict[str, Any], epoch: int, accuracy: float) -> dict[str, Any]:
    return {
        "trial_id": trial["id"],
        "epoch": epoch,
        "validation_accuracy": accuracy,
        "validation_loss": 1.0,
        "train_loss": [1.0],
        "train_accuracy": [accuracy],
        "train_seconds": 1.0,
        "evaluation_seconds": 0.1,
        "checkpoint": "",
        "checkpoint_sha256": "",
        "worker": "synthetic",
        "device": "cpu",
        "cached_from": "",
        "created_ms": trial["created_ms"],
    }


def _charge(trial: dict[str, Any]) -> dict[str, Any]:
    return {
        "job_id": trial["job_id"],
        "number": trial["number"],
        "work": "train",
        "outcome": "ok",
        "started_ms": trial["created_ms"],
        "seconds": 1.1,
        "cpus": 1.0,
        "gpus": 0.0,
        "epochs": 1,
        "worker": "synthetic",
    }

"""A store, and synthetic jobs in it, for tests of everything that reads results."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from nas.store.records import AUDIT, Job, NewTrial, ReportRow, Trial
from nas.store.store import Store
from search_spaces.architecture import Architecture, Choice, Placement

RUNGS = (3, 6, 12)

#: Folders whose files take long: they begin first, so that no core waits for one in the end.
LONG = ("integration", "browser", "contracts", "faults")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files in the order of how long they take; ``make test`` shares them out in this order."""
    tests = Path(__file__).parent
    folders = {item: item.path.relative_to(tests).parts[0] for item in items}
    items.sort(key=lambda item: LONG.index(folders[item]) if folders[item] in LONG else len(LONG))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """The file of an empty store, to be copied: making its tables takes longer than most tests."""
    path = tmp_path_factory.mktemp("empty") / "store.db"
    Store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def store(tmp_path, empty_database):
    """A store of its own in a SQLite file."""
    (tmp_path / ".nas").mkdir()
    shutil.copy(empty_database, tmp_path / ".nas" / "store.db")
    opened = Store(f"sqlite:///{tmp_path / '.nas' / 'store.db'}")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory):
    """One server for all tests that need a real one; each leaves it running."""
    from tests.mlflow_server import MlflowServer

    server = MlflowServer(tmp_path_factory.mktemp("mlflow-server"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def add_job() -> Callable[..., Job]:
    """``add_job(store, trials=[{...}])`` fills a store; see ``fill``."""
    return fill


def architecture(width: int = 8, depth: int = 8, attention: str = "") -> Architecture:
    """``attention`` as ``stage1:se stage3:cbam``, each before the add."""
    places = dict(part.split(":") for part in attention.split())
    return Architecture.of(
        Choice.of("cifar_resnet", {"width": width, "depth": depth}),
        {
            Placement(stage, "pre_add"): Choice.of(kind, {"ratio": 4})
            for stage, kind in places.items()
        },
    )


def sample_trials() -> list[dict[str, Any]]:
    """Two plain widths, a rule, two searched ones on and off the front, one pruned, one failed."""
    return [
        {"label": "none", "width": 4, "flops": 1_000_000, "accuracy": 0.90},
        {"label": "none", "width": 8, "flops": 4_000_000, "accuracy": 0.94},
        {
            "label": "se everywhere",
            "width": 8,
            "attention": "stage1:se stage2:se stage3:se",
            "flops": 4_100_000,
            "accuracy": 0.935,
        },
        {"width": 4, "attention": "stage3:cbam", "flops": 1_050_000, "accuracy": 0.93},
        {"width": 8, "attention": "stage3:se", "flops": 4_040_000, "accuracy": 0.96},
        {"width": 8, "attention": "stage1:eca", "flops": 4_050_000, "accuracy": 0.7, "epoch": 3},
        {"width": 8, "attention": "stage2:bam", "flops": 4_060_000, "state": "failed"},
    ]


def fill(
    store: Store,
    trials: Sequence[Mapping[str, Any]] | None = None,
    *,
    name: str = "synthetic",
    state: str = "done",
    objective: str = "forward_flops",
    budget: int | None = None,
    finalist_seeds: int = 3,
    details: Mapping[str, Any] | None = None,
    cost_shares: Any = None,
    owner: str = "",
) -> Job:
    """Record a job as a driver would have.

    Args:
        trials: each a mapping of ``accuracy``, ``flops`` and, where they differ from the default,
            ``parameters``, ``latency_ms``, ``label`` (a baseline then), ``attention``, ``width``,
            ``depth``, ``early`` (rung to accuracy), ``epoch`` (below 12: pruned), ``state``,
            ``seed``, ``test``, and ``repeats``: ``[(seed, validation accuracy,
            test accuracy or None)]``. None: ``sample_trials()``.
        state: the job's.
        details: added to the job's.
        cost_shares: of the job; None: never counted.
    """
    entries = sample_trials() if trials is None else list(trials)
    spec = {
        "name": name,
        "seed": 0,
        "space": "cifar_small",
        "search": {
            "trials": budget or len(entries),
            "sampler": "tpe",
            "pruner": "pareto",
            "audit": {"trials": "auto", "threshold": 0.2},
        },
        "finalists": {"seeds": finalist_seeds},
        "recipe": {"epochs": RUNGS[-1]},
        "cost": {"objective": objective, "limits": {}},
        "tracking": {"enabled": True},
    }
    found = {
        "objective": objective,
        "rungs": list(RUNGS),
        "shape": {"channels": 1, "height": 8, "width": 8, "classes": 10},
        "data": {"name": "digits", "hash": "0" * 16, "train": 1000, "validation": 400, "test": 397},
        "reference": {"accuracy": 0.1, "cost": 8_000_000.0},
        "cost_range": {"parameters": [1_000, 90_000], "forward_flops": [900_000, 8_000_000]},
        "space_size": 1000,
        "versions": {"python": "3.12.0", "torch": "2.15.0"},
        "device": "cpu",
        "precision": "float32",
        "workers": {"count": 2, "cpus": 1, "gpus": 0, "address": None, "device": "cpu"},
    }
    details = found | dict(details or {})
    job = store.jobs.create(name, spec, details, owner, cost_shares=cost_shares)
    if state != "queued":
        store.jobs.set_state(job.id, "running")
    added = [(_add(store, job, number, entry), entry) for number, entry in enumerate(entries)]
    number = len(added)
    for trial, entry in added:
        for repeat in entry.get("repeats", ()):
            _add_repeat(store, job, number, trial, entry, repeat)
            number += 1
    if state not in ("queued", "running"):
        store.jobs.set_state(job.id, state, "" if state == "done" else "for a test")
    return store.jobs.get(name)


def _new(number: int, entry: Mapping[str, Any], **changes: Any) -> NewTrial:
    wanted = {key: entry[key] for key in ("width", "depth", "attention") if key in entry}
    values: dict[str, Any] = {
        "kind": "search" if entry.get("label", "") in ("", AUDIT) else "baseline",
        "hash": f"{number:032x}",
        "architecture": architecture(**wanted).to_json(),
        "params": {},
        "seed": entry.get("seed", 0),
        "parameters": entry.get("parameters", entry["flops"] // 100),
        "forward_flops": entry["flops"],
        "latency_ms": entry.get("latency_ms"),
        "label": entry.get("label", ""),
    }
    return NewTrial(**values | changes)


def _add(store: Store, job: Job, number: int, entry: Mapping[str, Any]) -> Trial:
    trial = store.trials.add(job.id, number, _new(number, entry))
    accuracy, last = entry.get("accuracy"), entry.get("epoch", RUNGS[-1])
    state = entry.get("state") or ("done" if last == RUNGS[-1] else "pruned")
    early = entry.get("early", {})
    if accuracy is not None:
        for rung in (rung for rung in RUNGS if rung <= last):
            after = "done" if rung == RUNGS[-1] else "waiting"
            _report(
                store, trial, rung, early.get(rung, accuracy - 0.02 * (last - rung) / last), after
            )
    if store.trials.get(job.id, number).state != state:
        store.trials.set_state(trial, state, "diverged: for a test" if state == "failed" else "")
    if entry.get("test") is not None:
        store.trials.set_test_accuracy(trial, entry["test"])
    return store.trials.get(job.id, number)


def _add_repeat(
    store: Store,
    job: Job,
    number: int,
    origin: Trial,
    entry: Mapping[str, Any],
    repeat: tuple[int, float, float | None],
) -> None:
    seed, accuracy, test = repeat
    new = _new(number, entry, kind="finalist", origin=origin.number, seed=seed)
    trial = store.trials.add(job.id, number, new)
    _report(store, trial, RUNGS[-1], accuracy, "done")
    if test is not None:
        store.trials.set_test_accuracy(trial, test)


def _report(store: Store, trial: Trial, epoch: int, accuracy: float, state: Any) -> None:
    row = ReportRow(
        trial_id=trial.id,
        epoch=epoch,
        validation_accuracy=accuracy,
        validation_loss=1 - accuracy,
        train_loss=(0.9, 0.5, 0.3),
        train_accuracy=(0.5, 0.7, 0.8),
        train_seconds=2.0,
        evaluation_seconds=0.5,
        checkpoint=f"/nowhere/{trial.number}/{epoch}.pt",
        checkpoint_sha256="0" * 64,
        worker="w0",
        device="cpu",
        created_ms=trial.created_ms + epoch,
    )
    assert store.trials.report(trial, row, state)

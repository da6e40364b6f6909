"""What tasks do: one function a kind, from a task's payload to its result. They load torch."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nas.home import Home
from nas.store.records import Job
from nas.store.store import Store
from nas.store.tasks import ServiceTask, TaskKind

log = logging.getLogger("nas.tasks")

Work = Callable[[Store, Home, ServiceTask], dict[str, Any]]


def submit(store: Store, home: Home, task: ServiceTask) -> dict[str, Any]:
    """Check a job file to the bottom and record it.

    The payload holds ``job_file`` (text), ``overrides`` and ``priority``.
    """
    from nas.jobs.recording import record
    from nas.remote import document_of, spec_of
    from nas.settings import Settings

    settings, asked = Settings.here(home), task.payload
    named = asked.get("file_name", "job.yaml")
    document = document_of(asked["job_file"], asked.get("overrides", ()), settings, named)
    _, job = record(
        home,
        spec_of(document, settings),
        document.place,
        log.info,
        owner=task.owner,
        priority=task.payload.get("priority", 0),
    )
    return {"id": job.id, "name": job.name, "state": job.state}


def extend(store: Store, home: Home, task: ServiceTask) -> dict[str, Any]:
    """Queue a job again with more to do: ``trials``, ``space`` (name or YAML), ``overrides``."""
    from nas.jobs.deep import deep_check
    from nas.jobs.extending import extend as record
    from nas.jobs.extension import asked_extension

    job, asked = _job(store, task), task.payload
    document, spec = asked_extension(
        store, job, asked.get("trials"), asked.get("space"), asked.get("overrides", ()), files=False
    )
    job = record(store, home, job, spec, deep_check(spec, document.place, estimate=False))
    return {"id": job.id, "name": job.name, "state": job.state}


def export(store: Store, home: Home, task: ServiceTask) -> dict[str, Any]:
    """Write a trial as code: ``trial``, or ``pick`` and ``under``; the result is an archive.

    ``register_as``: the model of MLflow's registry that it becomes a version of, too; empty: named
    like the job. ``onnx``: with an ONNX file.
    """
    from nas.export.bundle import export as write
    from nas.export.standing import picked_trial
    from nas.tracking.registering import opened_registry, register

    job, trial, pick, reason = _job(store, task), task.payload.get("trial"), "", ""
    if trial is None:
        pick = task.payload.get("pick") or "knee"
        picked = picked_trial(store, job, pick, task.payload.get("under") or {})
        trial, reason = picked.point.trial, f"{pick}: {picked.reason}"
    model, told = task.payload.get("register_as"), {}
    registry = None if model is None else opened_registry(home, model or job.name)
    name = f"{job.name}-trial-{trial}"
    with _workshop(home) as folder:
        onnx = bool(task.payload.get("onnx"))
        result = write(store, job.name, trial, folder / name, onnx=onnx)
        file = _packed(home, task, folder, name)
        if registry is not None:
            told["registered"] = register(registry, store, result, pick, reason).to_dict()
    return {**result.to_dict(), "folder": name, "picked": reason, "file": str(file), **told}


def attention_maps(store: Store, home: Home, task: ServiceTask) -> dict[str, Any]:
    """Draw what a ``trial``'s attention does to ``images`` test images."""
    from nas.drawing.maps import write_maps

    job, trial = _job(store, task), task.payload["trial"]
    name = f"{job.name}-trial-{trial}-maps"
    with _workshop(home) as folder:
        result = write_maps(store, job.name, trial, task.payload.get("images", 8), folder / name)
        file = _packed(home, task, folder, name)
    return {**result.to_dict(), "folder": name, "file": str(file)}


def retrain(store: Store, home: Home, task: ServiceTask) -> dict[str, Any]:
    """Train a ``trial`` again for ``epochs``, with ``overrides`` of its recipe and a ``seed``."""
    from nas.jobs.retrain import recipe_changes
    from nas.jobs.retrain import retrain as train_again
    from nas.tracking.follow import following

    job, asked = _job(store, task), task.payload
    changes = recipe_changes(asked["epochs"], asked.get("overrides", ()))
    follower = following(store, home, job, log.warning)
    result = train_again(
        store, home, job, asked["trial"], changes, asked.get("seed"), follower=follower
    )
    return result.to_dict()


def webhook(store: Store, home: Home, task: ServiceTask) -> dict[str, Any]:
    """Tell an ``address`` that the job is over; only hosts that the settings allow."""
    from nas.analysis.summary import job_summary
    from nas.webhooks import tell

    summary = job_summary(store, _job(store, task))
    return tell(home, task.payload["address"], {**summary, "state": task.payload["state"]})


#: Kind of a task -> who does it.
WORKS: dict[TaskKind, Work] = {
    "submit": submit,
    "extend": extend,
    "export": export,
    "attention_maps": attention_maps,
    "retrain": retrain,
    "webhook": webhook,
}


def _job(store: Store, task: ServiceTask) -> Job:
    return store.jobs.get(str(task.job_id))


@contextmanager
def _workshop(home: Home) -> Iterator[Path]:
    """A folder on the same disk as the results, gone when the work is done."""
    parent = home.create(home.exports / "tasks")
    with tempfile.TemporaryDirectory(dir=parent, prefix=".making-") as folder:
        yield Path(folder)


def _packed(home: Home, task: ServiceTask, folder: Path, name: str) -> Path:
    """The folder as one archive among the exports, whole or not there."""
    made = shutil.make_archive(str(folder / "made"), "zip", folder, name)
    target = home.create(home.exports / "tasks") / f"{task.id}-{name}.zip"
    return Path(made).replace(target)

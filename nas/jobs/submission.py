"""Recording a job: everything that must not change later is written down here."""

from __future__ import annotations

import platform
import secrets
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Any

import torch

from nas.cost_shares import cost_shares
from nas.home import ray_address
from nas.job_file.spec import JobSpec
from nas.jobs.deep import DeepReport
from nas.search.baselines import choose_baselines
from nas.store.records import Job, JobState, Shares
from nas.store.store import Store
from workers.datasets import DATASETS
from workers.device import Numerics, resolve_device
from workers.places import joined
from workers.protocol import TRAINING_VERSION
from workers.recipe import Recipe

_PACKAGES = ("torch", "torchvision", "optuna", "ray", "mlflow", "sqlalchemy")


def submit(
    store: Store,
    spec: JobSpec,
    found: DeepReport,
    *,
    owner: str = "",
    priority: int = 0,
    state: JobState = "queued",
) -> Job:
    """Record a job.

    Args:
        store: where to.
        spec: the checked job file.
        found: what the deep check saw.
        owner: who submits it.
        priority: of its place in the queue.
        state: that it begins in.

    Raises:
        NameTaken: if a job of this name exists.
    """
    workers = resolve_workers(spec)
    recipe = resolve_recipe(spec, workers["device"])
    highest = {
        "parameters": found.highest.parameters,
        "forward_flops": found.highest.forward_flops,
    }
    lowest = {"parameters": found.lowest.parameters, "forward_flops": found.lowest.forward_flops}
    objective = spec.cost.objective
    planned, shares = baselines_and_shares(spec, found)
    details = {
        "objective": objective,
        "rungs": list(spec.rungs()),
        "shape": asdict(found.shape),
        "recipe": asdict(recipe),
        "data": {
            "name": spec.data.name,
            "hash": found.data_hash,
            "mean": list(found.mean),
            "std": list(found.std),
            "train": found.train_images,
            "validation": found.validation_images,
            "test": found.test_images,
            "classes": list(found.class_names),
        },
        # Latency has no highest value before something was measured: the driver fills it in.
        "reference": {"accuracy": 1 / found.shape.classes, "cost": highest.get(objective)},
        "baselines": planned,
        "cost_range": {name: [lowest[name], highest[name]] for name in highest},
        "space_size": found.space_size,
        "workers": workers,
        "device": workers["device"],
        "gpu": _gpu_here(workers),
        "training": str(TRAINING_VERSION),
        "precision": recipe.precision,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
    }
    if spec.checkpoints.place:
        # Several stores may share a place: the folder's name is this job's alone.
        folder = f"{spec.name}-{secrets.token_hex(4)}"
        details["checkpoints"] = joined(spec.checkpoints.place, folder)
    return store.jobs.create(
        spec.name, spec.model_dump(mode="json"), details, owner, priority, state, shares
    )


def baselines_and_shares(spec: JobSpec, found: DeepReport) -> tuple[dict[str, Any], Shares]:
    """What hangs on the space: which rules are trained and why others aren't, shares of cost."""
    limits = {k: v for k, v in spec.cost.limits.model_dump().items() if v is not None}
    wanted, trials, space = spec.search.baselines, spec.search.trials, spec.search_space()
    chosen = choose_baselines(wanted, space, found.shape, limits, trials)
    rules = [baseline.architecture for baseline in chosen.chosen]
    planned = {
        "planned": list(dict.fromkeys(baseline.label for baseline in chosen.chosen)),
        "skipped": [list(pair) for pair in chosen.skipped],
    }
    return planned, cost_shares(space, found.shape, rules)


def resolve_workers(spec: JobSpec) -> dict[str, Any]:
    """Count, share of a GPU and device of the workers, with every ``auto`` resolved.

    Where a GPU is found here and the job names none, the GPUs are shared out among the workers.
    """
    section = spec.workers
    device: str = "cuda" if section.gpus else section.device
    if not ray_address(section.address):
        device = resolve_device(device).type
    count, gpus = section.resolved_count(), section.gpus
    if device == "cuda" and not gpus:
        there = torch.cuda.device_count()
        count = section.count if section.count != "auto" else there
        gpus = there / count if there < count else there // count
    return {
        "count": count,
        "cpus": section.cpus,
        "gpus": gpus,
        "address": section.address,
        "patience": None if section.patience is None else section.patience * 3600,
        "device": "cpu" if device == "auto" else device,
    }


def _gpu_here(workers: dict[str, Any]) -> str:
    """The name of the GPU that workers will have; empty where it is another machine's."""
    here = workers["device"] == "cuda" and not ray_address(workers["address"])
    return torch.cuda.get_device_name() if here else ""


def resolve_recipe(spec: JobSpec, device: str) -> Recipe:
    """The recipe with every ``auto`` replaced by what it means on this device."""
    recipe = spec.recipe_value()
    kind = device if device == "cpu" or torch.cuda.is_available() else "cpu"
    numerics = Numerics.of(recipe, torch.device(kind))
    augmentation = recipe.augmentation
    if augmentation == "auto":
        augmentation = DATASETS[spec.data.name].augmentation
    return replace(
        recipe,
        precision="bfloat16" if numerics.bfloat16 else "float32",
        channels_last="on" if numerics.channels_last else "off",
        augmentation=augmentation,
    )

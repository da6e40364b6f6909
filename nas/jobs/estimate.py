"""How long a search would take, from a few timed training batches. Loads torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter

import torch

from nas.budget import Budget
from nas.job_file.spec import JobSpec
from search_spaces.architecture import Architecture
from workers.data import ImageData
from workers.device import Numerics
from workers.loop import begin, train_epoch
from workers.protocol import Segment
from workers.threads import threads_per_worker
from workers.train import default_build

#: Training batches that are timed.
TIMED_BATCHES = 3


def epoch_seconds(
    spec: JobSpec, data: ImageData, architecture: Architecture, device: torch.device
) -> float:
    """Time a few training batches on one worker's threads, scaled to an epoch.

    Evaluation is not in it.
    """
    count = min(len(data.train), TIMED_BATCHES * spec.recipe.batch_size)
    few = replace(data, train=data.train.select(torch.arange(count))).to(device)
    segment = Segment(
        "estimate", architecture.to_json(), spec.recipe_value(), spec.data_value(), 0,
        0, spec.recipe.epochs, None, "", str(device),
    )  # fmt: skip
    with _threads(threads_per_worker(spec.workers.resolved_count())):
        training = begin(segment, few, Numerics.of(spec.recipe_value(), device), default_build())
        train_epoch(training)  # not timed: it warms up
        training.epoch = 0  # the schedule may be of one epoch
        start = perf_counter()
        train_epoch(training)
        seconds = perf_counter() - start
    steps = len(data.train) // min(spec.recipe.batch_size, len(data.train))
    return seconds * max(1, steps) / training.steps


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def hours(spec: JobSpec, epoch_seconds: float) -> float:
    """Hours of the whole search on all workers if nothing is pruned; never more than its budget."""
    score = spec.search.inherit_epochs if spec.search.inherit else 0
    wanted = spec.search.trials * (spec.recipe.epochs + score)
    full = wanted * epoch_seconds / spec.workers.resolved_count() / 3600
    affordable = trainings(spec, epoch_seconds)
    return full if affordable is None else full * min(1.0, affordable[1] / spec.search.trials)


def trainings(spec: JobSpec, epoch_seconds: float) -> tuple[str, float] | None:
    """For how many full trainings the budget is enough, and which limit says so; None: no limit."""
    workers = spec.workers
    alone = spec.recipe.epochs * epoch_seconds / 3600
    each = {
        "epochs": float(spec.recipe.epochs),
        "wall_clock": alone / workers.resolved_count(),
        "cpu_hours": alone * workers.cpus,
        "gpu_hours": alone * workers.gpus,
    }
    limits = Budget.of(spec.budget.model_dump()).limits
    enough = [(limit / each[name], name) for name, limit in limits.items() if each[name]]
    return (min(enough)[1], min(enough)[0]) if enough else None


def duration(hours: float) -> str:
    """Hours in words: ``49 seconds``, ``9 minutes``, ``2.5 hours``."""
    minutes = hours * 60
    if minutes < 1.5:
        return f"{max(2, round(minutes * 60))} seconds"
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{hours:.1f} hours"

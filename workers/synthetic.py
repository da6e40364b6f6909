"""Executors that train nothing: for benchmarks of the orchestration and tests of the loop.

An answer is a pure function of its task, made at once and without torch: no data is loaded, no
checkpoint read or written. Accuracies rise with the epochs towards a level that the architecture's
text alone decides; they say nothing about any real network.
"""

from __future__ import annotations

import hashlib
import os
import time
from typing import Any

from workers.protocol import (
    Answer,
    Evaluation,
    Inheritance,
    Latency,
    LatencyReport,
    LatencyRequest,
    Report,
    Segment,
    Task,
)

#: How long ``slow`` sleeps for each epoch.
SECONDS_AN_EPOCH = 0.05


def execute(task: Task, cache: dict[str, Any]) -> Answer:
    """Answer at once."""
    if isinstance(task, LatencyRequest):
        return LatencyReport(task.key, tuple(map(_latency, task.architectures)), "synthetic")
    if isinstance(task, Evaluation):
        accuracy = _level(task.architecture)
        return Report(task.key, task.recipe.epochs, "ok", test_accuracy=accuracy, worker=_name())
    return _inherited(task) if isinstance(task, Inheritance) else _report(task)


def slow(task: Task, cache: dict[str, Any]) -> Answer:
    """The same answers, ``SECONDS_AN_EPOCH`` later for each epoch: time enough to be killed."""
    if isinstance(task, Segment):
        time.sleep(SECONDS_AN_EPOCH * (task.end_epoch - task.start_epoch))
    return execute(task, cache)


def accuracy_at(architecture: str, epoch: int, epochs: int, seed: int) -> float:
    """Validation accuracy in 0…1: 60 % of the level at the start, all of it at the last epoch.

    The seed moves it by half a point at most.
    """
    noise = (share(f"{architecture}:{seed}:{epoch}") - 0.5) / 100
    return min(1.0, _level(architecture) * (0.6 + 0.4 * epoch / epochs) + noise)


def _report(task: Segment) -> Report:
    done = range(task.start_epoch + 1, task.end_epoch + 1)
    curve = [accuracy_at(task.architecture, e, task.recipe.epochs, task.seed) for e in done]
    return Report(
        key=task.key,
        end_epoch=task.end_epoch,
        outcome="ok",
        validation_accuracy=curve[-1] if curve else 0.0,
        validation_loss=1 - (curve[-1] if curve else 0.0),
        train_loss=tuple(1 - accuracy for accuracy in curve),
        train_accuracy=tuple(curve),
        test_accuracy=_level(task.architecture) if task.measure_test else None,
        worker=_name(),
        device="synthetic",
    )


def _inherited(task: Inheritance) -> Report:
    """Nine tenths of the level, moved by up to five points: it says something, not all."""
    noise = (share(f"inherited:{task.architecture}:{task.seed}") - 0.5) / 10
    accuracy = min(1.0, max(0.0, 0.9 * _level(task.architecture) + noise))
    curve = (accuracy,) * task.epochs
    return Report(
        key=task.key,
        end_epoch=0,
        outcome="ok",
        validation_accuracy=accuracy,
        validation_loss=1 - accuracy,
        train_loss=tuple(1 - value for value in curve),
        train_accuracy=curve,
        worker=_name(),
        device="synthetic",
    )


def _level(architecture: str) -> float:
    return 0.5 + 0.45 * share(architecture)


def _latency(architecture: str) -> Latency:
    return Latency(1 + 9 * share(f"latency:{architecture}"), 0.1)


def share(text: str) -> float:
    """A number in 0…1 that looks random and isn't."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) / 2**32


def _name() -> str:
    return f"synthetic:{os.getpid()}"

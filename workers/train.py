"""Train one segment: a pure function of architecture, recipe, data, seed and checkpoint.

Nothing here knows Ray, jobs or databases; torch alone is enough to run it.
"""

from __future__ import annotations

import time

import torch
from torch import nn

from search_spaces.architecture import Architecture
from workers import checkpoint as checkpoints
from workers.checkpoint import Checkpoint
from workers.data import ImageData
from workers.device import Numerics, reproducible, resolve_device, synchronize
from workers.evaluate import Score, score, validated
from workers.loop import Build, Training, begin, train_epoch
from workers.outcomes import failure, worker_name
from workers.protocol import Evaluation, Report, Segment


def train_segment(segment: Segment, data: ImageData, build: Build | None = None) -> Report:
    """Train from one rung to the next, evaluate, and write the checkpoint.

    Args:
        segment: what to train; its ``data`` says how ``data`` was loaded.
        data: the images, best on the segment's device already.
        build: makes the model; the search spaces' builder if None.

    Returns:
        The report. Whatever goes wrong in training is an ``outcome`` with a one-line reason.
    """
    try:
        return _train(segment, data, build or default_build())
    except Exception as error:
        return failure(segment, error)


def evaluate_test(task: Evaluation, data: ImageData, build: Build | None = None) -> Report:
    """Test accuracy of a finished checkpoint, in float32: the numbers of the exported model."""
    try:
        return _evaluate(task, data, build or default_build())
    except Exception as error:
        return failure(task, error)


def default_build() -> Build:
    """The search spaces' builder."""
    from search_spaces import build

    return build.build


def _train(segment: Segment, data: ImageData, build: Build) -> Report:
    device = resolve_device(segment.device)
    numerics = Numerics.of(segment.recipe, device)
    with reproducible(device):
        training = begin(segment, data.to(device), numerics, build)
        start = time.perf_counter()
        epochs = [train_epoch(training) for _ in range(segment.start_epoch, segment.end_epoch)]
        synchronize(device)
        trained = time.perf_counter()
        twin, validation = validated(
            training.model, training.data, segment.recipe, numerics, segment.end_epoch
        )
        written = checkpoints.write(_snapshot(segment, training, twin), segment.checkpoint_out)
        test = _test_score(twin, training.data, device) if segment.measure_test else None
    return Report(
        key=segment.key,
        end_epoch=segment.end_epoch,
        outcome="ok",
        validation_accuracy=validation.accuracy,
        validation_loss=validation.loss,
        train_loss=tuple(result.loss for result in epochs),
        train_accuracy=tuple(result.accuracy for result in epochs),
        test_accuracy=test.accuracy if test else None,
        train_seconds=trained - start,
        evaluation_seconds=time.perf_counter() - trained,
        checkpoint_sha256=written.sha256,
        checkpoint_bytes=written.size,
        worker=worker_name(),
        device=str(device),
    )


def _evaluate(task: Evaluation, data: ImageData, build: Build) -> Report:
    start = time.perf_counter()
    device = resolve_device(task.device)
    with reproducible(device):
        saved = checkpoints.read_for(
            task.checkpoint, task.architecture, sha256=task.checkpoint_sha256
        )
        model = build(Architecture.from_json(task.architecture), data.shape)
        model.load_state_dict(saved.evaluated_model)
        test = _test_score(model, data.to(device), device)
    return Report(
        key=task.key,
        end_epoch=saved.epochs,
        outcome="ok",
        test_accuracy=test.accuracy,
        evaluation_seconds=time.perf_counter() - start,
        worker=worker_name(),
        device=str(device),
    )


def _test_score(model: nn.Module, data: ImageData, device: torch.device) -> Score:
    plain = Numerics(device)
    return score(plain.place(model), data.test, data, plain)


def _snapshot(segment: Segment, training: Training, twin: nn.Module) -> Checkpoint:
    return Checkpoint(
        architecture=segment.architecture,
        epochs=segment.end_epoch,
        model=training.model.state_dict(),
        optimizer=training.optimizer.state_dict(),
        generator=training.generator.get_state(),
        evaluated_model=twin.state_dict(),
    )

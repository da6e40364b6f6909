"""Score an architecture on the trained weights of its plain backbone: inserted parts train alone.

Attention that starts as the identity leaves a trained network as good as it was, so that a short
training of the inserted parts shows what they add. The rest is frozen to the last bit: its weights
get no gradient, and its batch norms keep the statistics of the trained backbone while the inserted
parts train. The evaluation then recomputes all statistics on a copy, as at every rung.
"""

from __future__ import annotations

import time
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from search_spaces.architecture import Architecture, Choice
from search_spaces.backbones.table import complete_backbone
from workers import checkpoint as checkpoints
from workers.checkpoint import Checkpoint
from workers.data import ImageData
from workers.device import Numerics, reproducible, resolve_device, synchronize
from workers.errors import CheckpointError
from workers.evaluate import network_input, validated
from workers.loop import Build, EpochResult, Training, begin, train_epoch
from workers.optimizer import build_optimizer
from workers.outcomes import Unfit, failure, worker_name
from workers.protocol import Inheritance, Report, Segment
from workers.train import default_build

#: Images on which identity start is checked.
CHECKED_IMAGES = 16

#: Share of the largest logit by which identity start may be off: coordinates are rounded.
ROUNDING = 1e-3


def score_inherited(task: Inheritance, data: ImageData, build: Build | None = None) -> Report:
    """Train the inserted parts for a few epochs on frozen trained weights, and evaluate.

    Args:
        task: what to score; its ``data`` says how ``data`` was loaded.
        data: the images, best on the task's device already.
        build: makes the models; the search spaces' builder if None.

    Returns:
        The report of epoch 0; no checkpoint is kept. An architecture whose backbone's weights
        don't fit, or that does not start as the identity, is ``unfit``.
    """
    try:
        return _score(task, data, build or default_build())
    except Exception as error:
        return failure(task, error)


def _score(task: Inheritance, data: ImageData, build: Build) -> Report:
    device = resolve_device(task.device)
    numerics = Numerics.of(task.recipe, device)
    with reproducible(device):
        training = _inheriting(task, data.to(device), numerics, build)
        start = time.perf_counter()
        epochs = _train(training, task.epochs)
        synchronize(device)
        trained = time.perf_counter()
        _, validation = validated(training.model, training.data, task.recipe, numerics, 0)
    return Report(
        key=task.key,
        end_epoch=0,
        outcome="ok",
        validation_accuracy=validation.accuracy,
        validation_loss=validation.loss,
        train_loss=tuple(result.loss for result in epochs),
        train_accuracy=tuple(result.accuracy for result in epochs),
        train_seconds=trained - start,
        evaluation_seconds=time.perf_counter() - trained,
        worker=worker_name(),
        device=str(device),
    )


def _inheriting(task: Inheritance, data: ImageData, numerics: Numerics, build: Build) -> Training:
    """A training of the inserted parts alone, with a schedule of its own."""
    recipe = replace(task.recipe, epochs=task.epochs, restarts=())
    fresh = Segment(
        task.key, task.architecture, recipe, task.data, task.seed, 0, task.epochs, None, "",
        task.device,
    )  # fmt: skip
    plain = Architecture.of(Architecture.from_json(task.architecture).backbone, {}, "identity")
    saved = _backbone(task, plain)
    training = begin(fresh, data, numerics, build)
    inherit(training.model, saved.evaluated_model)
    _check_identity(training, saved.evaluated_model, plain, build)
    training.frozen = freeze(training.model, saved.evaluated_model)
    if any(parameter.requires_grad for parameter in training.model.parameters()):
        training.optimizer = build_optimizer(training.model, recipe)
    return training


def _backbone(task: Inheritance, plain: Architecture) -> Checkpoint:
    saved = checkpoints.read(task.backbone, task.backbone_sha256)
    known = Architecture.from_json(saved.architecture)
    if known.attention or _complete(known.backbone) != _complete(plain.backbone):
        raise CheckpointError(f"checkpoint {task.backbone} belongs to another backbone")
    return saved


def _complete(backbone: Choice) -> Choice:
    """With every axis: the same backbone may be written in several ways."""
    return complete_backbone(backbone.name, backbone.as_dict())


def inherit(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Load a plain backbone's weights into the same backbone with inserted parts.

    Raises:
        Unfit: naming the first weight that has no place: something stands for a part of the
            backbone.
    """
    own = model.state_dict()
    lost = [k for k, v in weights.items() if k not in own or own[k].shape != v.shape]
    if lost:
        raise Unfit(f"the backbone's {lost[0]} has no place in it")
    model.load_state_dict(weights, strict=False)


def freeze(model: nn.Module, weights: dict[str, Tensor]) -> tuple[nn.Module, ...]:
    """Take the gradients from all that was inherited.

    Returns:
        The inherited batch norms, which must stay in eval mode.
    """
    for name, parameter in model.named_parameters():
        if name in weights:
            parameter.requires_grad_(False)
    return tuple(
        module
        for name, module in model.named_modules()
        if isinstance(module, _BatchNorm) and f"{name}.running_mean" in weights
    )


def _train(training: Training, epochs: int) -> list[EpochResult]:
    """Nothing where the inserted parts have no weights."""
    if not any(parameter.requires_grad for parameter in training.model.parameters()):
        return []
    return [train_epoch(training) for _ in range(epochs)]


def _check_identity(
    training: Training, weights: dict[str, Tensor], plain: Architecture, build: Build
) -> None:
    """Refuse what changes the trained backbone's output before it has learned anything.

    Raises:
        Unfit: with how far it is off.
    """
    bare = training.numerics.place(build(plain, training.data.shape))
    bare.load_state_dict(weights)
    images = network_input(training.data, CHECKED_IMAGES, training.numerics)
    with torch.no_grad():
        one, other = (m.eval()(images).float() for m in (bare, training.model))
    off = ((one - other).abs().max() / one.abs().max().clamp(min=1e-6)).item()
    if not off <= ROUNDING:
        raise Unfit(f"it does not start as its backbone: the logits are off by {off:.1%}")

"""The training loop between two rungs: plain PyTorch on one device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer

from search_spaces.architecture import Architecture, TaskShape
from workers import checkpoint as checkpoints
from workers.augment import Augmentation, Draw, Normalisation
from workers.data import ImageData
from workers.datasets import DATASETS
from workers.device import Numerics
from workers.errors import CheckpointError
from workers.optimizer import build_optimizer, learning_rate, set_learning_rate
from workers.outcomes import Diverged
from workers.protocol import Segment
from workers.recipe import Recipe

Build = Callable[[Architecture, TaskShape], nn.Module]


@dataclass
class Training:
    """A model in training; ``epoch`` counts the finished ones, ``frozen`` stays in eval mode."""

    model: nn.Module
    optimizer: Optimizer
    generator: torch.Generator
    epoch: int
    recipe: Recipe
    data: ImageData
    numerics: Numerics
    augmentation: Augmentation
    normalise: Normalisation
    frozen: tuple[nn.Module, ...] = ()

    @property
    def batch_size(self) -> int:
        """The recipe's, or the whole set where that is smaller."""
        return min(self.recipe.batch_size, len(self.data.train))

    @property
    def steps(self) -> int:
        """Steps of an epoch; a last partial batch is dropped."""
        return len(self.data.train) // self.batch_size


@dataclass(frozen=True)
class EpochResult:
    """Mean loss (with smoothing) and share of right answers on augmented images."""

    loss: float
    accuracy: float


def begin(segment: Segment, data: ImageData, numerics: Numerics, build: Build) -> Training:
    """Set up a segment: fresh from the seed, or from its checkpoint.

    Raises:
        CheckpointError: if the checkpoint can't be used.
        ValueError: for an end past the recipe's epochs, where the schedule has no rate.
    """
    recipe = segment.recipe
    if segment.end_epoch > recipe.epochs:
        raise ValueError(f"end_epoch is {segment.end_epoch}; the recipe has {recipe.epochs} epochs")
    torch.manual_seed(segment.seed)
    model = numerics.place(build(Architecture.from_json(segment.architecture), data.shape))
    name = recipe.augmentation
    training = Training(
        model=model,
        optimizer=build_optimizer(model, recipe),
        generator=torch.Generator().manual_seed(segment.seed),
        epoch=segment.start_epoch,
        recipe=recipe,
        data=data,
        numerics=numerics,
        augmentation=Augmentation.named(
            DATASETS[data.spec.name].augmentation if name == "auto" else name, data.shape
        ),
        normalise=Normalisation.of(data.mean, data.std, numerics.device),
    )
    if segment.start_epoch:
        _restore(training, segment)
    return training


def train_epoch(training: Training) -> EpochResult:
    """One pass over the training images, in an order and with crops drawn at its start.

    Raises:
        Diverged: if a loss was not finite.
    """
    device, count = training.numerics.device, training.steps * training.batch_size
    order = torch.randperm(len(training.data.train), generator=training.generator)[:count]
    draws = training.augmentation.draw(count, training.generator).to(device)
    # Modules that draw numbers themselves (dropout) do so alike wherever the segment began.
    torch.manual_seed(int(torch.randint(2**62, (), generator=training.generator)))
    losses = torch.zeros(training.steps, device=device)
    right = torch.zeros((), dtype=torch.int64, device=device)
    training.model.train()
    for module in training.frozen:
        module.eval()
    batches = training.data.train.batches(order, training.batch_size)
    for step, (batch, draw) in enumerate(
        zip(batches, draws.split(training.batch_size), strict=True)
    ):
        losses[step], hits = _step(training, step, *batch, draw)
        right += hits
    training.epoch += 1
    _refuse_infinite(losses, training.epoch)
    return EpochResult(losses.mean().item(), right.item() / count)


def _step(
    training: Training, step: int, images: Tensor, labels: Tensor, draw: Draw
) -> tuple[Tensor, Tensor]:
    """One step of the optimizer; the loss and the count of right answers, still on the device."""
    numerics, recipe = training.numerics, training.recipe
    images, labels = images.to(numerics.device), labels.to(numerics.device)
    images = numerics.images(training.normalise(training.augmentation.apply(images, draw)))
    with numerics.autocast():
        logits = training.model(images).float()
    loss = cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
    training.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    position, steps = training.epoch * training.steps + step, recipe.epochs * training.steps
    set_learning_rate(training.optimizer, learning_rate(position, steps, recipe))
    training.optimizer.step()
    return loss.detach(), (logits.detach().argmax(1) == labels).sum()


def _refuse_infinite(losses: Tensor, epoch: int) -> None:
    bad = torch.nonzero(~losses.isfinite())
    if len(bad):
        step = int(bad[0])
        raise Diverged(f"loss is {losses[step].item()} at epoch {epoch}, step {step + 1}")


def _restore(training: Training, segment: Segment) -> None:
    if segment.checkpoint_in is None:
        raise CheckpointError(
            f"segment {segment.key} starts at epoch {segment.start_epoch} without a checkpoint"
        )
    saved = checkpoints.read_for(
        segment.checkpoint_in,
        segment.architecture,
        segment.start_epoch,
        segment.checkpoint_in_sha256,
    )
    try:
        training.model.load_state_dict(saved.model)
        training.optimizer.load_state_dict(saved.optimizer)
        training.generator.set_state(saved.generator)
    except Exception as error:
        text = " ".join(str(error).split())
        raise CheckpointError(f"checkpoint {segment.checkpoint_in} does not fit: {text}") from None

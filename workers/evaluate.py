"""Accuracy and loss of a model, after recalibrating batch-norm statistics on a copy."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.modules.batchnorm import _BatchNorm

from workers.augment import Normalisation
from workers.data import ImageData
from workers.device import Numerics
from workers.outcomes import Diverged
from workers.parts import Part
from workers.recipe import Recipe

#: Images a step of evaluation; fixed, so that it changes no result.
BATCH_SIZE = 256

#: Of the choice of training images for recalibration: the same for every trial.
RECALIBRATION_SEED = 0


@dataclass(frozen=True)
class Score:
    """Share of right answers in 0…1 (up is good) and mean cross-entropy without smoothing."""

    accuracy: float
    loss: float


def score(model: nn.Module, part: Part, data: ImageData, numerics: Numerics) -> Score:
    """Evaluate a model, in eval mode from here on, on every image of a part."""
    model.eval()
    normalise = Normalisation.of(data.mean, data.std, numerics.device)
    right = torch.zeros((), dtype=torch.int64, device=numerics.device)
    loss = torch.zeros((), dtype=torch.float64, device=numerics.device)
    with torch.no_grad():
        for images, labels in part.batches(torch.arange(len(part)), BATCH_SIZE):
            labels = labels.to(numerics.device)
            logits = _forward(model, images, normalise, numerics)
            right += (logits.argmax(1) == labels).sum()
            loss += cross_entropy(logits, labels, reduction="sum")
    return Score(right.item() / len(part), loss.item() / len(part))


def recalibrated(
    model: nn.Module, data: ImageData, recipe: Recipe, numerics: Numerics
) -> nn.Module:
    """A copy in eval mode whose batch-norm statistics are means over fixed training batches.

    The running averages lag behind weights that still move fast, which makes early rungs useless
    for ranking. The images are not augmented, since those that follow in an evaluation aren't
    either. Weights are shared with ``model``; only statistics are the copy's own.
    """
    twin = _sharing_weights(model).eval()
    norms = [m for m in twin.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    if not (recipe.recalibrate_batch_norm and norms):
        return twin
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.train()
        norm.momentum = None
    _run_training_batches(twin, data, recipe, numerics)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return twin.eval()


def _run_training_batches(
    model: nn.Module, data: ImageData, recipe: Recipe, numerics: Numerics
) -> None:
    normalise = Normalisation.of(data.mean, data.std, numerics.device)
    with torch.no_grad():
        for images, _ in data.train.batches(
            _recalibration_order(len(data.train), recipe), recipe.batch_size
        ):
            _forward(model, images, normalise, numerics)


def _recalibration_order(count: int, recipe: Recipe) -> Tensor:
    """Whole batches only: each counts the same in a cumulative average."""
    size = min(recipe.batch_size, count)
    batches = max(1, min(recipe.recalibration_batches, count // size))
    generator = torch.Generator().manual_seed(RECALIBRATION_SEED)
    return torch.randperm(count, generator=generator)[: size * batches]


def _forward(
    model: nn.Module, images: Tensor, normalise: Normalisation, numerics: Numerics
) -> Tensor:
    batch = numerics.images(normalise(images.to(numerics.device)))
    with numerics.autocast():
        logits: Tensor = model(batch)
    return logits.float()


def network_input(data: ImageData, count: int, numerics: Numerics) -> Tensor:
    """The first validation images as the network takes them, in float32."""
    order = torch.arange(min(count, len(data.validation)))
    images, _ = next(iter(data.validation.batches(order, count)))
    normalise = Normalisation.of(data.mean, data.std, numerics.device)
    return numerics.images(normalise(images.to(numerics.device)))


def validated(
    model: nn.Module, data: ImageData, recipe: Recipe, numerics: Numerics, epoch: int
) -> tuple[nn.Module, Score]:
    """The recalibrated copy of a model, and its score on the validation images.

    Raises:
        Diverged: if the score is no number.
    """
    twin = recalibrated(model, data, recipe, numerics)
    validation = score(twin, data.validation, data, numerics)
    refuse_infinite(validation, epoch)
    return twin, validation


def refuse_infinite(score: Score, epoch: int) -> None:
    """Hold a score to be a number.

    Raises:
        Diverged: if it isn't.
    """
    if not math.isfinite(score.loss):
        raise Diverged(f"validation loss is {score.loss} after epoch {epoch}")


def _sharing_weights(model: nn.Module) -> nn.Module:
    """A deep copy except for the parameters, which are taken over as they are."""
    return copy.deepcopy(model, {id(p): p for p in model.parameters()})

"""What the attention of a trained model does to images: gates, what is added, and where from.

Read by forward hooks from what goes into a module and what comes out (``attention_readings``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from search_spaces.architecture import Architecture, Choice, Placement
from workers.attention_modules import Placed, Read, placed_modules, watched
from workers.attention_readings import ChannelMeans, change, gate_mask, reach, varies
from workers.augment import Normalisation
from workers.data import ImageData

#: One map (rows of values) an image.
Masks = tuple[tuple[tuple[float, ...], ...], ...]

#: Test images that channels' means are taken over, at most.
COUNTED = 500

#: Images that pass the network at once.
BATCH_SIZE = 32


@dataclass(frozen=True)
class Shown:
    """A test image.

    Attributes:
        index: in the test set.
        label: its class; predicted: what the model says.
        pixels: RGB, row by row.
    """

    index: int
    label: int
    predicted: int
    height: int
    width: int
    pixels: bytes


@dataclass(frozen=True)
class ModuleMaps:
    """What one attention module does.

    Attributes:
        module: its path in the model.
        block: counted from 0 within the stage; 0 for what stands once.
        gate: the factor at each position, ``sum_c |y| / sum_c |x|``; None where the gate doesn't
            depend on the position, and for what is no gate.
        channels: class -> for each channel the factor ``sum_i |y| / sum_i |x|`` over positions, a
            mean over images; None for a channel that was zero in all of them. Empty where the gate
            is one for all channels, and for what is no gate.
        change: what context adds (or a warp moves) at each position, ``|y - x|`` over the root mean
            square of ``|x|`` in the image; None for gates.
        reach: how much each position has to say about what is added at the centre: the gradient's
            length, as a share of the whole; None for gates.
    """

    module: str
    placement: Placement
    block: int
    choice: Choice
    family: str
    gate: Masks | None = None
    channels: Mapping[int, tuple[float | None, ...]] = field(default_factory=dict)
    change: Masks | None = None
    reach: Masks | None = None


@dataclass(frozen=True)
class AttentionMaps:
    """All of a model's attention on the same images, modules in forward order.

    Attributes:
        counted: how many test images the channels' means are taken over.
        skipped: modules that stand for a convolution: their input has another shape than their
            output, so neither a gate nor a change is defined.
    """

    images: tuple[Shown, ...]
    modules: tuple[ModuleMaps, ...]
    counted: int
    skipped: tuple[str, ...]


def attention_maps(
    model: nn.Module, architecture: Architecture, data: ImageData, images: int
) -> AttentionMaps:
    """Run test images through a model and read its attention.

    Args:
        model: trained, from images normalised by the data's moments to logits; it is moved to
            float64 and left in eval mode.
        architecture: of the model.
        data: whose test images are taken, class by class in turn.
        images: how many maps are made.
    """
    model = model.to("cpu", torch.float64).eval()
    placed = placed_modules(model, architecture)
    readable = [p for p in placed if p.family != "replace"]
    chosen = in_turn(data.test.labels, images)
    counted = in_turn(data.test.labels, COUNTED)
    passes: dict[str, list[_Pass]] = {p.path: [] for p in readable}
    predicted = _run(model, data, chosen, readable, lambda p, x, y: passes[p.path].append((x, y)))
    means = ChannelMeans()
    gates = [p for p in readable if p.family == "gate"]
    _run(model, data, counted, gates, lambda p, x, y: means.add(p.path, x, y))
    channels = means.by_class(data.test.labels[counted])
    return AttentionMaps(
        images=_shown(data, chosen, predicted),
        modules=tuple(_maps(p, passes[p.path], _by_class(channels, p.path)) for p in readable),
        counted=len(counted),
        skipped=tuple(p.path for p in placed if p.family == "replace"),
    )


def in_turn(labels: Tensor, count: int) -> Tensor:
    """Indices of the first image of each class, then of the second, and so on: ``count`` at most.

    Args:
        labels: (N,).
        count: how many.
    """
    seen: dict[int, int] = {}
    order = []
    for index, label in enumerate(labels.tolist()):
        turn = seen[label] = seen.get(label, -1) + 1
        order.append((turn, label, index))
    return torch.tensor([index for *_, index in sorted(order)[:count]])


_Pass = tuple[Tensor, Tensor]


def _run(
    model: nn.Module, data: ImageData, order: Tensor, placed: list[Placed], read: Read
) -> list[int]:
    """Predict test images while every module's input and output is read."""
    normalise = Normalisation.of(data.mean, data.std, torch.device("cpu"))
    predicted: list[int] = []
    with torch.no_grad(), watched(placed, read):
        for images, _ in data.test.batches(order, BATCH_SIZE):
            predicted += model(normalise(images.cpu()).double()).argmax(1).tolist()
    return predicted


def _by_class(
    channels: Mapping[str, Mapping[int, Tensor]], path: str
) -> dict[int, tuple[float | None, ...]]:
    return {label: _numbers(means) for label, means in channels.get(path, {}).items()}


def _maps(
    placed: Placed, passes: list[_Pass], channels: dict[int, tuple[float | None, ...]]
) -> ModuleMaps:
    x, y = (torch.cat(parts) for parts in zip(*passes, strict=True))
    about = (placed.path, placed.placement, placed.block, placed.choice, placed.family)
    if placed.family == "gate":
        gate = _masks(gate_mask(x, y)) if varies(x, y, 2) else None
        return ModuleMaps(*about, gate=gate, channels=channels)
    return ModuleMaps(*about, change=_masks(change(x, y)), reach=_masks(reach(placed.module, x)))


def _shown(data: ImageData, chosen: Tensor, predicted: list[int]) -> tuple[Shown, ...]:
    part = data.test.select(chosen)
    everything = torch.arange(len(part))
    images = torch.cat([batch.cpu() for batch, _ in part.batches(everything, BATCH_SIZE)])
    rows = zip(chosen.tolist(), part.labels.tolist(), predicted, images, strict=True)
    return tuple(Shown(i, label, said, *_pixels(image)) for i, label, said, image in rows)


def _pixels(image: Tensor) -> tuple[int, int, bytes]:
    """Height, width and RGB of an image (C, H, W) uint8; other than 3 channels: their mean."""
    if len(image) != 3:
        image = image.float().mean(0, keepdim=True).round().byte().expand(3, -1, -1)
    return image.shape[1], image.shape[2], bytes(image.permute(1, 2, 0).flatten().tolist())


def _masks(maps: Tensor) -> Masks:
    return tuple(tuple(tuple(row) for row in one) for one in _rounded(maps).tolist())


def _numbers(values: Tensor) -> tuple[float | None, ...]:
    return tuple(None if v != v else v for v in _rounded(values).tolist())


def _rounded(values: Tensor) -> Tensor:
    """Five digits behind the point: more than a picture shows."""
    return values.detach().mul(1e5).round().div(1e5)

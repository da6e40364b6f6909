"""Batched augmentation and normalisation of uint8 images, on the device that holds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from search_spaces.architecture import TaskShape


@dataclass(frozen=True)
class Augmentation:
    """Random crops from a black border, and mirror images.

    Attributes:
        border: pixels added on each side before a crop of the old size; 0: no crop.
        flip: mirror half of the images.
    """

    border: int = 0
    flip: bool = False

    @classmethod
    def named(cls, name: str, shape: TaskShape) -> Augmentation:
        """``none``, ``crop`` or ``crop_flip``; the border is an eighth of the side (4 of 32)."""
        border = max(1, min(shape.height, shape.width) // 8)
        return {"none": cls(), "crop": cls(border), "crop_flip": cls(border, True)}[name]

    def draw(self, count: int, generator: torch.Generator) -> Draw:
        """The random choices for ``count`` images, drawn on the CPU: alike for every device."""
        top, left = torch.randint(2 * self.border + 1, (2, count), generator=generator)
        mirrored = torch.randint(2, (count,), generator=generator).bool() & self.flip
        return Draw(top, left, mirrored)

    def apply(self, images: Tensor, draw: Draw) -> Tensor:
        """Augment a batch (B, C, H, W) of any type with one drawn choice an image."""
        if self.border:
            images = _crop(images, self.border, draw)
        if self.flip:
            images = torch.where(draw.mirrored[:, None, None, None], images.flip(3), images)
        return images


@dataclass(frozen=True)
class Draw:
    """Random choices, one an image: (N,) crop offsets and (N,) whether mirrored."""

    top: Tensor
    left: Tensor
    mirrored: Tensor

    def to(self, device: torch.device) -> Draw:
        """Move all choices at once, ahead of an epoch."""
        return Draw(self.top.to(device), self.left.to(device), self.mirrored.to(device))

    def split(self, size: int) -> Iterator[Draw]:
        """The choices of each batch in turn."""
        parts = (torch.split(choice, size) for choice in (self.top, self.left, self.mirrored))
        return (Draw(*choices) for choices in zip(*parts, strict=True))


def _crop(images: Tensor, border: int, draw: Draw) -> Tensor:
    """Index a strided view of all crops of a padded batch: one copy, no loop over images."""
    height, width = images.shape[2:]
    windows = pad(images, [border] * 4).unfold(2, height, 1).unfold(3, width, 1)
    batch = torch.arange(len(images), device=images.device)
    return windows[batch, :, draw.top, draw.left]


@dataclass(frozen=True)
class Normalisation:
    """(x - mean) / std for each channel, uint8 in, float32 out."""

    mean: Tensor
    inverse_std: Tensor

    @classmethod
    def of(
        cls, mean: tuple[float, ...], std: tuple[float, ...], device: torch.device
    ) -> Normalisation:
        """From the channels' moments on the scale 0…255."""
        shape = (1, -1, 1, 1)
        return cls(
            torch.tensor(mean, device=device).view(shape),
            torch.tensor(std, device=device).reciprocal().view(shape),
        )

    def __call__(self, images: Tensor) -> Tensor:
        """Normalise a batch (B, C, H, W)."""
        return (images - self.mean).mul_(self.inverse_std)

"""Images of one part (train, validation or test): held in memory, or read from files by batch."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from workers.errors import DataError


class Part(Protocol):
    """What training and evaluation ask of images."""

    @property
    def labels(self) -> Tensor:
        """(N,) int64 class of each image."""

    def __len__(self) -> int: ...

    def batches(self, order: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Images (B, C, H, W) uint8 and labels (B,) in the given order, ``size`` at a time."""

    def select(self, index: Tensor) -> Part:
        """The part of these images."""

    def to(self, device: torch.device) -> Part:
        """Held on the device where memory allows; files stay files."""

    def contents(self) -> Iterator[bytes]:
        """What tells these images from others, for a hash."""


@dataclass(frozen=True, eq=False)
class MemoryPart:
    """All images as one tensor (N, C, H, W) uint8, with labels (N,) int64."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, order: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Gather batches where the images are."""
        order = order.to(self.images.device)
        for index in torch.split(order, size):
            yield self.images[index], self.labels[index]

    def select(self, index: Tensor) -> MemoryPart:
        """Copy these images out."""
        return MemoryPart(self.images[index], self.labels[index])

    def to(self, device: torch.device) -> MemoryPart:
        """Move images and labels."""
        return MemoryPart(self.images.to(device), self.labels.to(device))

    def contents(self) -> Iterator[bytes]:
        """Every byte."""
        yield str(tuple(self.images.shape)).encode()
        yield _raw(self.images)
        yield _raw(self.labels)


def _raw(tensor: Tensor) -> bytes:
    """A tensor's memory, row by row; torch alone has no other quick way without numpy."""
    whole = tensor.cpu().contiguous()
    return ctypes.string_at(whole.data_ptr(), whole.numel() * whole.element_size())


@dataclass(frozen=True, eq=False)
class FilePart:
    """Image files that don't fit in memory together; read and resized batch by batch.

    Attributes:
        paths: one file an image.
        labels: (N,) int64.
        size: side in pixels.
    """

    paths: tuple[Path, ...]
    labels: Tensor
    size: int

    def __len__(self) -> int:
        return len(self.paths)

    def batches(self, order: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Read through a DataLoader without further processes: a worker's threads are counted."""
        loader = DataLoader(_Files(self), batch_size=size, sampler=order.tolist())
        yield from loader

    def select(self, index: Tensor) -> FilePart:
        """The part of these files."""
        chosen = tuple(self.paths[i] for i in index.tolist())
        return FilePart(chosen, self.labels[index], self.size)

    def to(self, device: torch.device) -> FilePart:
        """Files stay where they are."""
        return self

    def contents(self) -> Iterator[bytes]:
        """Class, name and size of each file."""
        for path, label in zip(self.paths, self.labels.tolist(), strict=True):
            yield f"{label}/{path.name}:{path.stat().st_size}@{self.size}\n".encode()


class _Files(Dataset[Any]):
    def __init__(self, part: FilePart) -> None:
        self.part = part

    def __len__(self) -> int:
        return len(self.part)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return read_image(self.part.paths[index], self.part.size), self.part.labels[index]


def read_image(path: Path, size: int) -> Tensor:
    """Read an image as RGB, crop its centre square and resize it: (3, size, size) uint8.

    Raises:
        DataError: if the file is not a whole image, or has more than 8 bits a channel, of which
            a conversion would keep the darkest alone.
    """
    import numpy as np
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            if image.mode in ("I", "F") or image.mode.startswith("I;"):
                raise DataError(
                    f"{path} has more than 8 bits a channel (mode {image.mode}); convert it to 8"
                )
            square = ImageOps.fit(image.convert("RGB"), (size, size), Image.Resampling.BILINEAR)
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{path} is not a readable image ({error}); replace or remove it") from None
    return torch.from_numpy(np.array(square)).permute(2, 0, 1).contiguous()

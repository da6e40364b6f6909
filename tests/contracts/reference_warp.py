"""What moves pixels once more, slowly: output pixel by output pixel."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tests.contracts.reference_gates import resized
from tests.contracts.reference_parts import Axes, Weights, linear, relu


def spatial_transformer(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    pool = int(axes["pool"])
    seen = resized(x, pool, pool).flatten(1)
    thetas = linear(w, "theta", relu(linear(w, "look", seen)))
    height, width = x.shape[2:]
    images = []
    for image, theta in zip(x, thetas, strict=True):
        rows = []
        for i in range(height):
            row = [
                bilinear(image, *looked_at(axes, theta, i, j, height, width)) for j in range(width)
            ]
            rows.append(torch.stack(row, 1))
        images.append(torch.stack(rows, 1))
    return torch.stack(images)


def looked_at(
    axes: Axes, theta: Tensor, i: int, j: int, height: int, width: int
) -> tuple[Tensor, Tensor]:
    """The row and the column, in pixels, that output pixel (i, j) looks at."""
    ends = bool(axes["align_corners"])
    x, y = centre(j, width, ends), centre(i, height, ends)
    if axes["transform"] == "affine":
        across = theta[0] * x + theta[1] * y + theta[2]
        down = theta[3] * x + theta[4] * y + theta[5]
    elif axes["transform"] == "scale_translation":
        across, down = theta[0] * x + theta[1], theta[0] * y + theta[2]
    else:
        # Rotated in units that are equally long in both directions, and back.
        u, v = x * width, y * height
        across = (theta[0] * u - theta[1] * v) / width + theta[2]
        down = (theta[1] * u + theta[0] * v) / height + theta[3]
    return pixel(down, height, ends), pixel(across, width, ends)


def centre(index: int, size: int, ends: bool) -> float:
    if size == 1:
        return 0.0
    return 2 * index / (size - 1) - 1 if ends else (2 * index + 1) / size - 1


def pixel(place: Tensor, size: int, ends: bool) -> Tensor:
    return (place + 1) / 2 * (size - 1) if ends else ((place + 1) * size - 1) / 2


def bilinear(image: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """All channels at a point between pixels; zeros outside."""
    total = torch.zeros(len(image), dtype=image.dtype)
    top, left = math.floor(row.item()), math.floor(column.item())
    for i in (top, top + 1):
        for j in (left, left + 1):
            if 0 <= i < image.shape[1] and 0 <= j < image.shape[2]:
                share = (1 - (row - i).abs()) * (1 - (column - j).abs())
                total = total + share * image[:, i, j]
    return total

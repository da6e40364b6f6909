"""The transformer encoder once more, slowly."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tests.contracts.reference_context import layer_norm, softmax
from tests.contracts.reference_parts import Axes, Weights, linear, relu


def encoder(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    channels, height, width = x.shape[1:]
    places = torch.zeros(height * width, channels, dtype=x.dtype)
    if axes["encoding"] == "sine":
        places = sines(channels, height, width)
    images = []
    for image in x:
        tokens = image.flatten(1).T
        for layer in range(int(axes["layers"])):
            tokens = encoded(w, f"layers.{layer}.", axes, tokens, places)
        images.append(tokens.T.reshape(image.shape))
    return torch.stack(images)


def encoded(w: Weights, layer: str, axes: Axes, x: Tensor, places: Tensor) -> Tensor:
    """One layer over the tokens (N, C) of an image."""
    heads = math.gcd(int(axes["heads"]), x.shape[1])
    if axes["norm"] == "pre":
        x = x + attended(w, layer, heads, layer_norm(w, f"{layer}norm1", x), places)
        return x + fed(w, layer, layer_norm(w, f"{layer}norm2", x))
    x = layer_norm(w, f"{layer}norm1", x + attended(w, layer, heads, x, places))
    return layer_norm(w, f"{layer}norm2", x + fed(w, layer, x))


def fed(w: Weights, layer: str, x: Tensor) -> Tensor:
    return linear(w, f"{layer}contract", relu(linear(w, f"{layer}expand", x)))


def attended(w: Weights, layer: str, heads: int, x: Tensor, places: Tensor) -> Tensor:
    """Head by head, query by query."""
    c = x.shape[1]
    weight, bias = w[f"{layer}project.weight"], w[f"{layer}project.bias"]
    q = (x + places) @ weight[:c].T + bias[:c]
    k = (x + places) @ weight[c : 2 * c].T + bias[c : 2 * c]
    v = x @ weight[2 * c :].T + bias[2 * c :]
    width, outputs = c // heads, []
    for first in range(0, c, width):
        own = slice(first, first + width)
        weights = [softmax((k[:, own] * one).sum(1) / width**0.5, 0) for one in q[:, own]]
        outputs.append(torch.stack([(a[:, None] * v[:, own]).sum(0) for a in weights]))
    return linear(w, f"{layer}out", torch.cat(outputs, 1))


def sines(channels: int, height: int, width: int) -> Tensor:
    """Number by number: rows in the first half of the channels, columns in the second."""
    half = 2 * math.ceil(channels / 4)

    def value(index: int, length: int, channel: int) -> float:
        angle = 2 * math.pi * (index + 1) / (length + 1e-6)
        angle /= 10000 ** (2 * (channel // 2) / half)
        return math.cos(angle) if channel % 2 else math.sin(angle)

    codes = [
        [value(i, height, c) for c in range(half)] + [value(j, width, c) for c in range(half)]
        for i in range(height)
        for j in range(width)
    ]
    return torch.tensor(codes, dtype=torch.float64)[:, :channels]

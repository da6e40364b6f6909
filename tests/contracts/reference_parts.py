"""The arithmetic that references share, as loops and sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from search_spaces.architecture import Value

Weights = Mapping[str, Tensor]
Axes = Mapping[str, Value]
Reference = Callable[[Weights, Axes, str, bool, Tensor], Tensor]


def sigmoid(logits: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-logits))


def gate(logits: Tensor, start: str) -> Tensor:
    return 2 * sigmoid(logits) if start == "identity" else sigmoid(logits)


def relu(x: Tensor) -> Tensor:
    return x * (x > 0)


def linear(w: Weights, name: str, x: Tensor) -> Tensor:
    """Rows of (B, in) to (B, out)."""
    rows = [(w[f"{name}.weight"] * row).sum(1) + w[f"{name}.bias"] for row in x]
    return torch.stack(rows)


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None, dilation: int = 1) -> Tensor:
    """A stride-1 convolution with zeros around, as a sum over shifted maps."""
    size = weight.shape[-1]
    reach = dilation * (size // 2)
    height, width = x.shape[2:]
    wide = torch.zeros(*x.shape[:2], height + 2 * reach, width + 2 * reach, dtype=x.dtype)
    wide[:, :, reach : reach + height, reach : reach + width] = x
    total = torch.zeros(x.shape[0], weight.shape[0], height, width, dtype=x.dtype)
    for row in range(size):
        for column in range(size):
            top, left = row * dilation, column * dilation
            part = wide[:, :, top : top + height, left : left + width]
            tap = weight[:, :, row, column]
            total = total + (tap[None, :, :, None, None] * part[:, None]).sum(2)
    return total if bias is None else total + bias[:, None, None]


def conv(w: Weights, name: str, x: Tensor, dilation: int = 1) -> Tensor:
    return convolve(x, w[f"{name}.weight"], w.get(f"{name}.bias"), dilation)


def batch_norm(w: Weights, name: str, training: bool, x: Tensor) -> Tensor:
    """Per channel, by the batch in training and by the running statistics otherwise."""
    channels = []
    for c in range(x.shape[1]):
        values = x[:, c]
        mean, variance = w[f"{name}.running_mean"][c], w[f"{name}.running_var"][c]
        if training:
            mean = values.sum() / values.numel()
            variance = ((values - mean) ** 2).sum() / values.numel()
        unit = (values - mean) / (variance + 1e-5) ** 0.5
        channels.append(w[f"{name}.weight"][c] * unit + w[f"{name}.bias"][c])
    return torch.stack(channels, 1)


def average(x: Tensor) -> Tensor:
    return x.sum((2, 3)) / (x.shape[2] * x.shape[3])

"""What stands for a 3x3 convolution once more, slowly."""

from __future__ import annotations

from math import gcd

import torch
from torch import Tensor

from tests.contracts.reference_parts import (
    Axes,
    Weights,
    average,
    batch_norm,
    convolve,
    gate,
    relu,
)


def selective_kernel(
    w: Weights, axes: Axes, start: str, training: bool, x: Tensor, stride: int = 1
) -> Tensor:
    paths = range(int(axes["paths"]))
    u = [normed_conv(w, f"paths.{i}", training, x, stride, i + 1) for i in paths]
    s = average(total(u))
    z = relu(batch_norm(w, "norm", training, s @ w["reduce.weight"].T))
    scores = [z @ rows.T for rows in w["select.weight"].chunk(len(u))]
    powers = [torch.exp(score) for score in scores]
    return total([u[i] * (powers[i] / total(powers))[:, :, None, None] for i in paths])


def split_attention(
    w: Weights, axes: Axes, start: str, training: bool, x: Tensor, stride: int = 1
) -> Tensor:
    radix = int(axes["radix"])
    outputs = w["fc2.weight"].shape[0] // radix
    cardinality = gcd(int(axes["cardinality"]), outputs)
    maps = normed_conv(w, "splits", training, x, stride, 1)
    u = [maps[:, r * outputs : (r + 1) * outputs] for r in range(radix)]
    s = average(total(u))
    scores: list[list[Tensor]] = [[] for _ in range(radix)]
    groups = zip(s.chunk(cardinality, 1), blocks(w, "fc1", cardinality), strict=True)
    hidden = torch.cat([s_k @ rows.T for s_k, rows in groups], 1)
    z = relu(batch_norm(w, "norm", training, hidden + w["fc1.bias"]))
    for k, z_k in enumerate(z.chunk(cardinality, 1)):
        logits = z_k @ blocks(w, "fc2", cardinality)[k].T + w["fc2.bias"].chunk(cardinality)[k]
        for r, score in enumerate(logits.chunk(radix, 1)):
            scores[r].append(score)
    logits_of = [torch.cat(score, 1) for score in scores]
    if radix == 1:
        return u[0] * gate(logits_of[0], start)[:, :, None, None]
    powers = [torch.exp(logits) for logits in logits_of]
    return total([u[r] * (powers[r] / total(powers))[:, :, None, None] for r in range(radix)])


def blocks(w: Weights, name: str, groups: int) -> tuple[Tensor, ...]:
    """The weight matrix of each group of a 1x1 convolution."""
    return w[f"{name}.weight"].flatten(1).chunk(groups)


def normed_conv(
    w: Weights, name: str, training: bool, x: Tensor, stride: int, dilation: int
) -> Tensor:
    """Group by group at stride 1, of which every ``stride``-th position is kept."""
    weight = w[f"{name}.0.weight"]
    groups = x.shape[1] // weight.shape[1]
    parts = zip(x.chunk(groups, 1), weight.chunk(groups), strict=True)
    wide = torch.cat([convolve(part, rows, None, dilation) for part, rows in parts], 1)
    return relu(batch_norm(w, f"{name}.1", training, wide[:, :, ::stride, ::stride]))


def total(terms: list[Tensor]) -> Tensor:
    return torch.stack(terms).sum(0)

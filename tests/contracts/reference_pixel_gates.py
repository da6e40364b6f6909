"""The gates with a value for every position once more, slowly."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tests.contracts.reference_gates import composed, mean_logits
from tests.contracts.reference_parts import (
    Axes,
    Weights,
    average,
    batch_norm,
    conv,
    gate,
    linear,
)


def at_each(w: Weights, name: str, x: Tensor) -> Tensor:
    """A linear layer as a 1x1 convolution of (B, C, H, W)."""
    return torch.stack(
        [
            torch.stack([linear(w, name, x[:, :, i, j]) for j in range(x.shape[3])], 2)
            for i in range(x.shape[2])
        ],
        2,
    )


def layer_norm(w: Weights, name: str, x: Tensor) -> Tensor:
    mean = x.sum(1, keepdim=True) / x.shape[1]
    variance = ((x - mean) ** 2).sum(1, keepdim=True) / x.shape[1]
    return w[f"{name}.weight"] * (x - mean) / (variance + 1e-5) ** 0.5 + w[f"{name}.bias"]


def softmax(x: Tensor, dim: int) -> Tensor:
    return torch.exp(x) / torch.exp(x).sum(dim, keepdim=True)


def triplet(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    """Rotate the map, gate it, rotate it back; the mean of the gated maps."""
    turns = {"cw": (0, 2, 1, 3), "hc": (0, 3, 2, 1), "hw": (0, 1, 2, 3)}
    gated = []
    for plane in ("cw", "hc", "hw") if axes["branches"] == "all" else ("cw", "hc"):
        turned = x.permute(turns[plane])
        pooled = torch.stack([turned.max(1).values, turned.sum(1) / turned.shape[1]], 1)
        logits = batch_norm(w, f"{plane}.norm", training, conv(w, f"{plane}.conv", pooled))
        gated.append((turned * gate(logits, start)).permute(turns[plane]))
    return torch.stack(gated).sum(0) / len(gated)


def polarized_channel(w: Weights, x: Tensor) -> Tensor:
    """Values at every position, then their weighted sum."""
    weights = softmax(at_each(w, "channel.key", x).flatten(2), 2)
    z = (at_each(w, "channel.value", x).flatten(2) * weights).sum(2)
    return layer_norm(w, "channel.norm", linear(w, "channel.expand", z))[:, :, None, None]


def polarized_spatial(w: Weights, x: Tensor) -> Tensor:
    """Queries at every position, their mean, its product with the value at every position."""
    query = softmax(average(at_each(w, "spatial.query", x)), 1)
    return (at_each(w, "spatial.value", x) * query[:, :, None, None]).sum(1, keepdim=True)


def psa(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    how = {"parallel": "par_sum", "sequential": "serial_cs"}[str(axes["order"])]
    return composed(
        lambda x: polarized_channel(w, x), lambda x: polarized_spatial(w, x), how, start, x
    )


def sca(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    def channels(x: Tensor) -> Tensor:
        pooled = average(x)
        scores = [
            linear(w, "channel.score", torch.tanh(linear(w, "channel.hidden", pooled[:, c, None])))
            for c in range(x.shape[1])
        ]
        return x * x.shape[1] * softmax(torch.cat(scores, 1), 1)[:, :, None, None]

    def positions(x: Tensor) -> Tensor:
        scores = conv(w, "spatial.score", torch.tanh(conv(w, "spatial.hidden", x)))
        weights = softmax(scores.flatten(2), 2)
        return x * weights.shape[2] * weights.view_as(scores)

    return positions(channels(x)) if axes["order"] == "cs" else channels(positions(x))


def scse(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    return composed(
        lambda x: mean_logits(w, x),
        lambda x: at_each(w, "spatial.project", x),
        str(axes["composition"]),
        start,
        x,
    )


def coordinate(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    rows, columns = x.sum(3) / x.shape[3], x.sum(2) / x.shape[2]
    together = at_each(w, "reduce", torch.cat([rows, columns], 2)[..., None])
    hidden = batch_norm(w, "norm", training, together)
    hidden = hidden * (hidden + 3).clamp(0, 6) / 6
    down = at_each(w, "rows", hidden[:, :, : x.shape[2]])
    across = at_each(w, "columns", hidden[:, :, x.shape[2] :]).transpose(2, 3)
    return x * gate(down, start) * gate(across, start)


def simam(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    distance = (x - average(x)[:, :, None, None]) ** 2
    variance = distance.sum((2, 3), keepdim=True) / (x.shape[2] * x.shape[3] - 1)
    smooth = variance + float(axes["regularization"])
    energy = 4 * smooth / (distance + 2 * smooth)
    return x * gate(w["gain"] / energy, start)


def sge(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    groups = math.gcd(x.shape[1], int(axes["groups"]))
    gated = []
    for g, part in enumerate(x.chunk(groups, 1)):
        likeness = (part * average(part)[:, :, None, None]).sum(1)
        mean = likeness.sum((1, 2), keepdim=True) / likeness[0].numel()
        variance = ((likeness - mean) ** 2).sum((1, 2), keepdim=True) / likeness[0].numel()
        logits = w["weight"][g] * (likeness - mean) / (variance + 1e-5) ** 0.5 + w["bias"][g]
        gated.append(part * gate(logits, start)[:, None])
    return torch.cat(gated, 1)

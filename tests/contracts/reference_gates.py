"""The gates once more, slowly."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from tests.contracts.reference_parts import (
    Axes,
    Weights,
    average,
    batch_norm,
    conv,
    gate,
    linear,
    relu,
)


def squeeze_excite(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    return x * gate(mean_logits(w, x), start)


def mean_logits(w: Weights, x: Tensor) -> Tensor:
    hidden = relu(linear(w, "channel.reduce", average(x)))
    return linear(w, "channel.expand", hidden)[:, :, None, None]


def efficient_channel(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    return x * gate(band_logits(w, x), start)


def band_logits(w: Weights, x: Tensor) -> Tensor:
    taps = w["channel.band.weight"][0]
    pooled, reach = average(x), len(taps) // 2
    logits = []
    for c in range(x.shape[1]):
        near = [(k, c + k - reach) for k in range(len(taps)) if 0 <= c + k - reach < x.shape[1]]
        logits.append(sum((taps[k] * pooled[:, j] for k, j in near), torch.zeros(1)))
    return torch.stack(logits, 1)[:, :, None, None]


def constant(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    logits = mean_logits if axes["channel"] == "se" else band_logits
    return x * gate(logits(w, w["psi"]), start)


def composed(
    ls: Callable[[Tensor], Tensor], lm: Callable[[Tensor], Tensor], how: str, start: str, x: Tensor
) -> Tensor:
    """The catalogue's compositions; with identity start the sum of two gates is their mean."""

    def s(x: Tensor) -> Tensor:
        return gate(ls(x), start)

    def m(x: Tensor) -> Tensor:
        return gate(lm(x), start)

    by_name: dict[str, Callable[[], Tensor]] = {
        "serial_cs": lambda: m(s(x) * x) * (s(x) * x),
        "serial_sc": lambda: s(m(x) * x) * (m(x) * x),
        "par_sum": lambda: (s(x) + m(x)) * x / (2 if start == "identity" else 1),
        "par_prod": lambda: s(x) * m(x) * x,
        "par_max": lambda: torch.where(s(x) > m(x), s(x), m(x)) * x,
        "par_logit_sum": lambda: gate(ls(x) + lm(x), start) * x,
        "par_logit_prod": lambda: gate(ls(x) * lm(x), start) * x,
    }
    return by_name[how]()


def cbam(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    return composed(
        lambda x: average_max_logits(w, x),
        lambda x: statistics_logits(w, training, x),
        str(axes["composition"]),
        start,
        x,
    )


def average_max_logits(w: Weights, x: Tensor) -> Tensor:
    def mlp(pooled: Tensor) -> Tensor:
        return linear(w, "channel.expand", relu(linear(w, "channel.reduce", pooled)))

    largest = torch.stack([torch.stack([c.max() for c in image]) for image in x])
    return (mlp(average(x)) + mlp(largest))[:, :, None, None]


def statistics_logits(w: Weights, training: bool, x: Tensor) -> Tensor:
    maps = torch.stack([x.max(1).values, x.sum(1) / x.shape[1]], 1)
    return batch_norm(w, "spatial.norm", training, conv(w, "spatial.conv", maps))


def bam(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    ls = bottleneck_logits(w, training, x)
    lm = dilated_logits(w, int(axes["dilation"]), training, x)
    logits = ls + lm if axes["composition"] == "par_logit_sum" else ls * lm
    mask = gate(logits, start) - (1 if start == "identity" else 0)
    return x + x * mask


def bottleneck_logits(w: Weights, training: bool, x: Tensor) -> Tensor:
    hidden = linear(w, "channel.reduce", average(x))
    hidden = relu(batch_norm(w, "channel.norm", training, hidden))
    return linear(w, "channel.expand", hidden)[:, :, None, None]


def dilated_logits(w: Weights, dilation: int, training: bool, x: Tensor) -> Tensor:
    for layer, step in (("reduce", 1), ("context1", dilation), ("context2", dilation)):
        x = conv(w, f"spatial.{layer}.0", x, step)
        x = relu(batch_norm(w, f"spatial.{layer}.1", training, x))
    return conv(w, "spatial.project", x)


def gsop(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    def s() -> Tensor:
        z = reduced(w, "channel", training, x)
        z = relu(z).flatten(2)
        numbers = row_numbers(w, "channel", training, covariance(z))
        return gate(linear(w, "channel.expand", numbers), start)[:, :, None, None]

    def m() -> Tensor:
        cells = resized(reduced(w, "spatial", training, x), 8, 8).flatten(2)
        numbers = row_numbers(w, "spatial", training, covariance(cells.transpose(1, 2)))
        logits = linear(w, "spatial.expand", relu(numbers)).reshape(-1, 1, 8, 8)
        return resized(gate(logits, start), *x.shape[2:])

    by_name: dict[str, Callable[[], Tensor]] = {
        "channel": s,
        "spatial": m,
        "average": lambda: (s() + m()) / 2,
        "maximum": lambda: torch.where(s() > m(), s(), m()),
    }
    return x * by_name[str(axes["variant"])]()


def reduced(w: Weights, branch: str, training: bool, x: Tensor) -> Tensor:
    return batch_norm(w, f"{branch}.reduce.2", training, conv(w, f"{branch}.reduce.1", relu(x)))


def covariance(rows: Tensor) -> Tensor:
    """Row by row: the mean of the products less the product of the means."""
    size, count = rows.shape[1:]
    means = rows.sum(2) / count
    products = [(rows[:, i, None] * rows).sum(2) / count for i in range(size)]
    return torch.stack([products[i] - means[:, i, None] * means for i in range(size)], 1)


def row_numbers(w: Weights, branch: str, training: bool, matrix: Tensor) -> Tensor:
    """Each row normed, then by its own four weight vectors."""
    normed = batch_norm(w, f"{branch}.norm", training, matrix)
    weight, bias = w[f"{branch}.rows.weight"][:, 0], w[f"{branch}.rows.bias"]
    numbers = [(normed[:, a // 4] * weight[a]).sum(1) + bias[a] for a in range(len(bias))]
    return torch.stack(numbers, 1)


def resized(x: Tensor, height: int, width: int) -> Tensor:
    """Means of the cells that adaptive pooling takes: from floor(i·n/m) to ceil((i+1)·n/m)."""

    def bounds(i: int, cells: int, size: int) -> slice:
        return slice(i * size // cells, -(-(i + 1) * size // cells))

    rows = []
    for i in range(height):
        band = x[:, :, bounds(i, height, x.shape[2])]
        row = [average(band[..., bounds(j, width, x.shape[3])]) for j in range(width)]
        rows.append(torch.stack(row, 2))
    return torch.stack(rows, 2)

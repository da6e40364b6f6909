"""Second-order pooling: gates from how features vary together."""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from search_spaces.attention.parts import (
    BatchNorm,
    Start,
    check_positive,
    check_word,
    gate_scale,
    zero,
)

#: Which gate acts; ``average`` and ``maximum`` are of the two gates.
Variant = Literal["channel", "spatial", "average", "maximum"]

#: Side of the grid whose cells' covariance makes the spatial gate.
GRID = 8


class SecondOrderPooling(nn.Module):
    """GSoP block: ``y = s·x``, a gate from a covariance matrix, row by row.

    Gao et al., Global Second-order Pooling Convolutional Networks, CVPR 2019, Section 3. Either
    branch: ReLU, 1x1 convolution to ``width`` channels, batch norm, covariance, batch norm of its
    rows, each row to 4 numbers by weights of its own, these to one logit a channel, or a cell of an
    8x8 grid, whose gate is resized to the map by adaptive pooling. As in the official code a second
    ReLU is before the covariance in the channel branch, behind the rows in the spatial one. Unlike
    it: no stride 2 in the first stage; no ReLU behind the spatial gate; ``average`` has the factor
    1/2 that its name says; the covariance of cells is centred by the number of channels, not of
    cells; no centring matrix is stored. The fusion by concatenation is left out: it has
    convolutions of its own. He initialisation as there; ``identity`` start: ``2·sigmoid(.)`` with a
    zero last layer.

    Args:
        channels: of the feature map.
        variant: which gate acts; see ``Variant``.
        width: channels before the covariance; at most ``channels``.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        variant: Variant = "channel",
        width: int = 128,
        start: Start = "identity",
    ) -> None:
        super().__init__()
        check_word("variant", variant, get_args(Variant))
        check_positive("width", width)
        self.variant = variant
        self.scale = gate_scale(start)
        if variant != "spatial":
            self.channel = CovarianceLogits(channels, min(width, channels))
        if variant != "channel":
            self.spatial = GridCovarianceLogits(channels, min(width, channels))
        if start == "identity":
            for module in self.modules():
                if isinstance(module, RowLogits):
                    zero(module.expand)

    def forward(self, x: Tensor) -> Tensor:
        """Gate ``x`` (B, C, H, W)."""
        if self.variant == "channel":
            return x * (self.scale * torch.sigmoid(self.channel(x)))
        m = cell_gate(self.spatial(x), x, self.scale)
        if self.variant == "spatial":
            return x * m
        s = self.scale * torch.sigmoid(self.channel(x))
        return x * ((s + m) / 2 if self.variant == "average" else torch.maximum(s, m))


def cell_gate(logits: Tensor, x: Tensor, scale: float) -> Tensor:
    """The gate (B, 1, H, W) for ``x`` of logits for the grid's cells (B, 1, GRID, GRID)."""
    return F.adaptive_avg_pool2d(scale * torch.sigmoid(logits), (x.shape[2], x.shape[3]))


def reduction(channels: int, width: int) -> nn.Sequential:
    """ReLU, 1x1 convolution, batch norm; He (fan out) initialisation."""
    conv = nn.Conv2d(channels, width, 1)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out")
    return nn.Sequential(nn.ReLU(), conv, BatchNorm(width))


def covariance(rows: Tensor) -> Tensor:
    """The covariance (B, d, d) of the rows of (B, d, n)."""
    centred = rows - rows.mean(2, keepdim=True)
    return (centred / rows.shape[2]) @ centred.transpose(1, 2)


class RowLogits(nn.Module):
    """Logits (B, outputs) of a covariance (B, d, d): each row to 4 numbers, then all to all."""

    def __init__(self, size: int, outputs: int) -> None:
        super().__init__()
        self.norm = BatchNorm(size)
        self.rows = nn.Conv1d(size, 4 * size, size, groups=size)
        self.expand = nn.Linear(4 * size, outputs)
        for layer in (self.rows, self.expand):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out")

    def summary(self, matrix: Tensor) -> Tensor:
        """Four numbers a row, (B, 4d), of a matrix (B, d, d)."""
        numbers: Tensor = self.rows(self.norm(matrix[..., None]).squeeze(3))
        return numbers.flatten(1)


class CovarianceLogits(RowLogits):
    """Logits (B, C, 1, 1) of a map (B, C, H, W) from the covariance of its reduced channels."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(width, channels)
        self.reduce = reduction(channels, width)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of ``x``."""
        matrix = covariance(F.relu(self.reduce(x)).flatten(2))
        logits: Tensor = self.expand(self.summary(matrix))
        return logits[:, :, None, None]


class GridCovarianceLogits(RowLogits):
    """Logits (B, 1, GRID, GRID) of a map (B, C, H, W) from the covariance of its cells."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(GRID * GRID, GRID * GRID)
        self.reduce = reduction(channels, width)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of ``x``."""
        cells = F.adaptive_avg_pool2d(self.reduce(x), GRID).flatten(2).transpose(1, 2)
        logits: Tensor = self.expand(F.relu(self.summary(covariance(cells))))
        return logits.view(-1, 1, GRID, GRID)

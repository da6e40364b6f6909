"""Gates that look along one dimension of the map at a time."""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from search_spaces.attention.parts import (
    BatchNorm,
    Start,
    check_word,
    gate_scale,
    hidden_width,
    zero,
)
from search_spaces.attention.pooling import mean
from search_spaces.attention.spatial import StatisticsLogits

#: Which planes of the map have a gate.
Branches = Literal[
    "all",  # (C, W), (H, C) and (H, W)
    "cross",  # the two with the channels
]


class TripletAttention(nn.Module):
    """Triplet attention: ``y = g·x``, g the mean of a gate for each plane of (C, H, W).

    Misra et al., Rotate to Attend, WACV 2021, Section 3: along the dimension that is left out,
    maximum and mean, then a convolution over the plane, batch norm and sigmoid. Initialisation as
    the official code: He (fan out) convolutions, batch norm with momentum 0.01. No copy of the map
    is rotated: its statistics are taken along each dimension, and the three small gates are added
    before the one product. ``identity`` start: ``2·sigmoid(.)`` with zero batch norms.

    Args:
        channels: of the feature map; no layer depends on it.
        kernel_size: of the convolutions; odd.
        branches: ``all`` three planes, or the two ``cross`` ones alone.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int = 7,
        branches: Branches = "all",
        start: Start = "identity",
    ) -> None:
        super().__init__()
        check_word("branches", branches, get_args(Branches))
        self.scale = gate_scale(start) / (3 if branches == "all" else 2)
        self.cw = StatisticsLogits(kernel_size)
        self.hc = StatisticsLogits(kernel_size)
        self.hw = StatisticsLogits(kernel_size) if branches == "all" else None
        for plane in filter(None, (self.cw, self.hc, self.hw)):
            nn.init.kaiming_normal_(plane.conv.weight, mode="fan_out")
            if start == "identity":
                zero(plane.norm)

    def forward(self, x: Tensor) -> Tensor:
        """Gate ``x`` (B, C, H, W)."""
        gate = self.gate(self.across_height(x)) + self.gate(self.across_width(x))
        if self.hw is not None:
            gate = gate + self.gate(self.hw(x))
        return x * gate

    def gate(self, logits: Tensor) -> Tensor:
        """One plane's share of the mean."""
        return self.scale * torch.sigmoid(logits)

    def across_height(self, x: Tensor) -> Tensor:
        """Logits (B, C, 1, W) from the plane (C, W)."""
        return self.cw.on_plane(x.max(2)[0], mean(x, 2)).transpose(1, 2)

    def across_width(self, x: Tensor) -> Tensor:
        """Logits (B, C, H, 1) from the plane (H, C)."""
        maximum, average = x.max(3)[0].transpose(1, 2), mean(x, 3).transpose(1, 2)
        return self.hc.on_plane(maximum, average).permute(0, 3, 2, 1)


class CoordinateAttention(nn.Module):
    """Coordinate attention: ``y = g_h·g_w·x``, a gate for each row and one for each column.

    Hou et al., Coordinate Attention for Efficient Mobile Network Design, CVPR 2021, Section 3.2:
    the means of rows and of columns pass one shared layer, batch norm and hard swish, then a layer
    of their own. Sizes, biases and torch's default initialisation are the official code's, where
    the hidden width is at least 8. ``identity`` start: ``2·sigmoid(.)`` with zero last layers.

    Args:
        channels: of the feature map.
        ratio: channels over hidden width; the width is at least 8 and at most ``channels``.
        start: ``identity`` or ``paper``.
    """

    def __init__(self, channels: int, *, ratio: int = 32, start: Start = "identity") -> None:
        super().__init__()
        hidden = hidden_width(channels, ratio, least=8)
        self.scale = gate_scale(start)
        self.reduce = nn.Linear(channels, hidden)
        self.norm = BatchNorm(hidden)
        self.rows = nn.Linear(hidden, channels)
        self.columns = nn.Linear(hidden, channels)
        if start == "identity":
            zero(self.rows)
            zero(self.columns)

    def forward(self, x: Tensor) -> Tensor:
        """Gate ``x`` (B, C, H, W)."""
        means = torch.cat((mean(x, 3), mean(x, 2)), dim=2)
        hidden = F.hardswish(self.norm(each(means, self.reduce)[..., None]))[..., 0]
        rows, columns = hidden[..., : x.shape[2]], hidden[..., x.shape[2] :]
        down, across = self.gate(each(rows, self.rows)), self.gate(each(columns, self.columns))
        return x * (down[..., None] * across[:, :, None])

    def gate(self, logits: Tensor) -> Tensor:
        """The gate of logits."""
        return self.scale * torch.sigmoid(logits)


def each(x: Tensor, layer: nn.Linear) -> Tensor:
    """A layer at each position of a line: (B, outputs, L) of ``x`` (B, inputs, L)."""
    # A batch of matrix products: equal to a 1x1 convolution, and faster on CPUs.
    return torch.baddbmm(layer.bias[:, None], layer.weight.expand(x.shape[0], -1, -1), x)

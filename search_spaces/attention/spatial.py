"""Logits over positions: where in the image it matters, one value a pixel for all channels."""

from __future__ import annotations

import torch
import torch.nn as nn
from torch import Tensor

from search_spaces.attention.parts import BatchNorm, hidden_width, same_padding
from search_spaces.attention.pooling import mean, position_logits


class StatisticsLogits(nn.Module):
    """Spatial logits of CBAM: a convolution over the channels' maximum and mean, batch-normed.

    The order (maximum, mean), the missing bias and the batch norm with momentum 0.01 follow the
    official code; the paper has no batch norm.
    """

    def __init__(self, kernel_size: int) -> None:
        super().__init__()
        padding = same_padding(kernel_size)
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=padding, bias=False)
        self.norm = BatchNorm(1, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, 1, H, W) of ``x`` (B, C, H, W)."""
        return self.on_plane(channel_maximum(x), mean(x, 1))

    def on_plane(self, maximum: Tensor, average: Tensor) -> Tensor:
        """Logits (B, 1, rows, columns) of two statistics (B, rows, columns)."""
        # Stacking last gives channels_last memory, where a convolution of two channels is fastest.
        statistics = torch.stack((maximum, average), dim=-1).permute(0, 3, 1, 2)
        logits: Tensor = self.norm(self.conv(statistics))
        return logits


def channel_maximum(x: Tensor) -> Tensor:
    """The largest value of any channel: (B, H, W) of ``x`` (B, C, H, W)."""
    # Equal values by two kernels: amax wins on large maps, max with its index on small ones.
    return x.amax(1) if x.shape[2] * x.shape[3] > 512 else x.max(1)[0]


class DilatedLogits(nn.Module):
    """Spatial logits of BAM: 1x1 to ``channels // ratio``, two dilated 3x3, 1x1 to one map.

    Every convolution has a bias; batch norm and ReLU follow all but the last, as the official code.
    """

    def __init__(self, channels: int, ratio: int, dilation: int) -> None:
        super().__init__()
        hidden = hidden_width(channels, ratio)
        self.reduce = nn.Sequential(
            nn.Conv2d(channels, hidden, 1), BatchNorm(hidden), nn.ReLU(inplace=True)
        )
        self.context1 = dilated_conv(hidden, dilation)
        self.context2 = dilated_conv(hidden, dilation)
        self.project = nn.Conv2d(hidden, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, 1, H, W) of ``x`` (B, C, H, W)."""
        logits: Tensor = self.project(self.context2(self.context1(self.reduce(x))))
        return logits


def dilated_conv(channels: int, dilation: int) -> nn.Sequential:
    """A dilated 3x3 convolution that keeps the size, with batch norm and ReLU."""
    conv = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
    return nn.Sequential(conv, BatchNorm(channels), nn.ReLU(inplace=True))


class PointLogits(nn.Module):
    """Spatial logits of scSE: a 1x1 convolution to one map, ``w x_i + b``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.project = nn.Linear(channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, 1, H, W) of ``x`` (B, C, H, W)."""
        return position_logits(x, self.project).view(x.shape[0], 1, *x.shape[2:])

"""Dual attention: positions that look at positions, channels that look at channels."""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn as nn
from torch import Tensor

from search_spaces.attention.parts import Start, check_word, hidden_width
from search_spaces.attention.pooling import gather

#: Which of the two attentions acts; ``both`` adds them to the same x.
Branch = Literal["position", "channel", "both"]


class DualAttention(nn.Module):
    """DANet's attention: ``y = x + a·P(x) + b·C(x)`` with learned numbers a and b, zero at first.

    Fu et al., Dual Attention Network for Scene Segmentation, CVPR 2019, eq. 1-4.
    ``P(x)_i = sum_j softmax_j(q_i · k_j) v_j`` over the positions; ``C(x) = softmax(-x x^T) x``
    over the channels, where the minus is from the official code (there ``max - e``, equal under a
    softmax) and not in the paper. Left out is the segmentation head around it: 3x3 convolutions
    before and after each branch, which also gave each its own x to add. As in the paper the numbers
    start at zero, so that ``identity`` and ``paper`` start are the same here. ``scale`` is ours:
    without it the softmax over channels of a large map falls on one of them.

    Args:
        channels: of the feature map.
        branch: ``position``, ``channel`` or ``both``.
        ratio: channels over the width of queries and keys, which is at least 4 and at most
            ``channels``; position branch only.
        scale: divide logits by the square root of the length of their vectors: the keys' width over
            positions, the number of positions over channels.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        branch: Branch = "both",
        ratio: int = 8,
        scale: bool = False,
        start: Start = "identity",
    ) -> None:
        super().__init__()
        check_word("branch", branch, get_args(Branch))
        check_word("start", start, get_args(Start))
        self.branch = branch
        self.scale = scale
        if branch != "channel":
            inner = hidden_width(channels, ratio)
            self.widths = [inner, inner, channels]
            self.project = nn.Conv2d(channels, sum(self.widths), 1)
            self.position_weight = nn.Parameter(torch.zeros(1))
        if branch != "position":
            self.channel_weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Add to ``x`` (B, C, H, W) what its positions and channels gather."""
        y = x
        if self.branch != "channel":
            y = y + self.position_weight * self.by_positions(x)
        if self.branch != "position":
            y = y + self.channel_weight * self.by_channels(x)
        return y

    def by_positions(self, x: Tensor) -> Tensor:
        """What each position gathers from all positions, in the shape of ``x``."""
        queries, keys, values = self.project(x).flatten(2).split(self.widths, dim=1)
        if self.scale:
            queries = queries * self.widths[0] ** -0.5
        weights = (queries.transpose(1, 2) @ keys).softmax(-1)
        return gather(weights, values).view_as(x)

    def by_channels(self, x: Tensor) -> Tensor:
        """What each channel gathers from all channels, in the shape of ``x``."""
        rows = x.flatten(2)
        factor = -(rows.shape[2] ** -0.5) if self.scale else -1.0
        nothing = rows.new_zeros(())
        logits = torch.baddbmm(nothing, rows, rows.transpose(1, 2), beta=0, alpha=factor)
        gathered: Tensor = logits.softmax(-1) @ rows
        return gathered.view_as(x)

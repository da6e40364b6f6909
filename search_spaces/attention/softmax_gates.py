"""Gates by softmax: channels, and positions, share a fixed sum."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn as nn
from torch import Tensor

from search_spaces.attention.parts import Start, check_positive, check_word, zero
from search_spaces.attention.pooling import mean


def shares(scores: Tensor, dim: int) -> Tensor:
    """The softmax times the number of entries: 1 on average, and exactly 1 for equal scores."""
    weights = torch.exp(scores - scores.amax(dim, keepdim=True).detach())
    return weights / weights.mean(dim, keepdim=True)


class ChannelShares(nn.Module):
    """A gate over channels: ``C·softmax_c(w·tanh(u mean_c(x) + b))``, one u for all channels."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(1, hidden)
        self.score = nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The gate (B, C, 1, 1) of ``x`` (B, C, H, W)."""
        scores: Tensor = self.score(torch.tanh(self.hidden(mean(x, 2, 3)[..., None])))
        return shares(scores[..., None], dim=1)


class PositionShares(nn.Module):
    """A gate over positions: ``N·softmax_i(w·tanh(U x_i + b))``."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.hidden = nn.Conv2d(channels, hidden, 1)
        self.score = nn.Conv2d(hidden, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The gate (B, 1, H, W) of ``x`` (B, C, H, W)."""
        scores: Tensor = self.score(torch.tanh(self.hidden(x)))
        return shares(scores.flatten(2), dim=2).view_as(scores)


class SpatialChannelAttention(nn.Module):
    """SCA-CNN's attention: ``y = m·s·x``, channels and positions weighed by softmax.

    Chen et al., SCA-CNN, CVPR 2017, Section 3, without the caption model's state. As in the
    official code each softmax is multiplied by its number of entries, for a mean gate of 1; weights
    start from N(0, 0.01), biases from zero. The second gate sees what the first one leaves.
    ``identity`` start: the scores' layers are zero, so that all shares are equal.

    Args:
        channels: of the feature map.
        order: ``cs``, channels first, or ``sc``.
        hidden: width of both hidden layers.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        order: Literal["cs", "sc"] = "cs",
        hidden: int = 512,
        start: Start = "identity",
    ) -> None:
        super().__init__()
        check_word("order", order, ("cs", "sc"))
        check_word("start", start, ("identity", "paper"))
        check_positive("hidden", hidden)
        self.order = order
        self.channel = ChannelShares(hidden)
        self.spatial = PositionShares(channels, hidden)
        for gate in (self.channel, self.spatial):
            for layer in (gate.hidden, gate.score):
                zero(layer)
                if layer is gate.hidden or start == "paper":
                    nn.init.normal_(layer.weight, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Gate ``x`` (B, C, H, W)."""
        gates = (self.channel, self.spatial) if self.order == "cs" else (self.spatial, self.channel)
        for gate in gates:
            x = x * gate(x)
        return x

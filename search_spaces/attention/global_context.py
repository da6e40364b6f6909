"""Global context: a few descriptors of the whole map, given back to every position."""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn as nn
from torch import Tensor

from search_spaces.attention.channel import ContextLogits, Pool
from search_spaces.attention.parts import (
    BatchNorm,
    Start,
    check_word,
    gate_scale,
    hidden_width,
    zero,
)


class DoubleAttention(nn.Module):
    """Double attention: ``y = x + BN(W (A softmax_N(B)^T) softmax_n(V))``.

    Chen et al., A²-Nets: Double Attention Networks, NeurIPS 2018, Section 2: ``A`` (m maps), ``B``
    and ``V`` (n maps each) are 1x1 convolutions of x. The softmax of B runs over the positions, so
    that each of n descriptors gathers from all of them; that of V over the n descriptors, so that
    each position mixes them. In this order no map of pairs of positions is made. There is no
    official code: the batch norm behind the last convolution and torch's default initialisation are
    ours. ``identity`` start: that batch norm is zero.

    Args:
        channels: of the feature map.
        m_ratio: channels over m, the width of a descriptor; m is at least 4 and at most
            ``channels``.
        n_ratio: channels over n, the number of descriptors; bounded as m.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self, channels: int, *, m_ratio: int = 4, n_ratio: int = 4, start: Start = "identity"
    ) -> None:
        super().__init__()
        check_word("start", start, get_args(Start))
        m, n = hidden_width(channels, m_ratio), hidden_width(channels, n_ratio)
        self.widths = [m, n, n]
        self.project = nn.Conv2d(channels, m + 2 * n, 1)
        self.out = nn.Conv2d(m, channels, 1)
        self.norm = BatchNorm(channels)
        if start == "identity":
            zero(self.norm)

    def forward(self, x: Tensor) -> Tensor:
        """Add to ``x`` (B, C, H, W) the descriptors that each position asks for."""
        batch, _, height, width = x.shape
        features, gather, share = self.project(x).flatten(2).split(self.widths, dim=1)
        descriptors = features @ gather.softmax(2).transpose(1, 2)
        shared = (descriptors @ share.softmax(1)).view(batch, -1, height, width)
        added: Tensor = self.norm(self.out(shared))
        return x + added


#: What a position does with it: ``y = x + t`` or ``y = sigmoid(t)·x``.
Fusion = Literal["add", "scale"]


class GlobalContext(ContextLogits):
    """Global context: ``y = x + t``, ``t = W2 relu(LN(W1 c + b1)) + b2``, ``c = sum_j a_j x_j``.

    Cao et al., GCNet, ICCV 2019 workshops, Section 4: ``a = softmax_j(w x_j + b)`` in
    ``attention`` pooling, ``a = 1/N`` in ``average``. ``scale`` fusion is ``y = sigmoid(t)·x``, the
    paper's ablation; ``identity`` start has ``2·sigmoid(.)`` there. As in the official code the
    last layer starts at zero, so that for ``add`` both starts are the same.

    Args:
        channels: of the feature map.
        pool: how the positions are weighed; see ``Pool``.
        fusion: how the context acts; see ``Fusion``.
        ratio: channels over hidden width; the width is at least 4 and at most ``channels``.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        pool: Pool = "attention",
        fusion: Fusion = "add",
        ratio: int = 16,
        start: Start = "identity",
    ) -> None:
        super().__init__(channels, ratio, pool)
        check_word("fusion", fusion, get_args(Fusion))
        self.scale = gate_scale(start)
        self.fusion = fusion
        zero(self.expand)

    def forward(self, x: Tensor) -> Tensor:
        """Give the context of ``x`` (B, C, H, W) to each of its positions."""
        logits = super().forward(x)
        if self.fusion == "add":
            return x + logits
        return x * (self.scale * torch.sigmoid(logits))

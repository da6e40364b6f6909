"""Polarized self-attention: gates from one softmax-weighted descriptor of the other dimension."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn as nn
from torch import Tensor

from search_spaces.attention.compose import compose
from search_spaces.attention.parts import Start, check_word, gate_scale, hidden_width, zero
from search_spaces.attention.pooling import attention_pool, mean


def start_projections(*layers: nn.Linear) -> None:
    """He (fan in) weights and zero biases, as the official code."""
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(layer.bias)


class PolarizedChannelLogits(nn.Module):
    """Channel logits of PSA: ``LN(Wz z + bz)``, ``z = Wv x softmax_j(Wq x_j)``.

    The weights sum to 1, so that pooling may come before ``Wv``: no map of values is made.
    """

    def __init__(self, channels: int, ratio: int) -> None:
        super().__init__()
        inner = hidden_width(channels, ratio)
        self.key = nn.Linear(channels, 1)
        self.value = nn.Linear(channels, inner)
        self.expand = nn.Linear(inner, channels)
        self.norm = nn.LayerNorm(channels)
        start_projections(self.key, self.value)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, C, 1, 1) of ``x`` (B, C, H, W)."""
        logits: Tensor = self.norm(self.expand(self.value(attention_pool(x, self.key))))
        return logits[:, :, None, None]


class PolarizedSpatialLogits(nn.Module):
    """Spatial logits of PSA: ``q · (Wv x_i + bv)``, ``q = softmax(Wq mean(x) + bq)``.

    The query is one vector an image, so that ``q · Wv`` may come first: no map of values is made.
    """

    def __init__(self, channels: int, ratio: int) -> None:
        super().__init__()
        inner = hidden_width(channels, ratio)
        self.query = nn.Linear(channels, inner)
        self.value = nn.Linear(channels, inner)
        start_projections(self.query, self.value)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, 1, H, W) of ``x`` (B, C, H, W)."""
        query = self.query(mean(x, 2, 3)).softmax(1)
        rows = (query @ self.value.weight)[:, None]
        offset = (query * self.value.bias).sum(1)
        logits: Tensor = torch.bmm(rows, x.flatten(2)) + offset[:, None, None]
        return logits.view(x.shape[0], 1, *x.shape[2:])


class PolarizedSelfAttention(nn.Module):
    """PSA: ``y = s·x + m·x`` in parallel, ``y = m(s·x)·(s·x)`` in sequence.

    Liu et al., Polarized Self-Attention, arXiv:2107.00782, Section 3: ``s`` from an
    attention-pooled vector, ``m`` from a query over the channels; both have ``channels // ratio``
    inner channels, the paper's ratio is 2. The official code departs from the paper (no layer norm,
    and in place of the softmax over the query's channels one over positions, behind which the mask
    is close to constant); here is the paper's form, with that code's initialisation. ``identity``
    start: layer norm and spatial values are zero, gates ``2·sigmoid(.)`` in sequence; in parallel
    the two halves already add up to 1.

    Args:
        channels: of the feature map.
        order: ``parallel`` or ``sequential``.
        ratio: channels over inner width; the width is at least 4 and at most ``channels``.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        order: Literal["parallel", "sequential"] = "parallel",
        ratio: int = 2,
        start: Start = "identity",
    ) -> None:
        super().__init__()
        check_word("order", order, ("parallel", "sequential"))
        self.composition = "par_sum" if order == "parallel" else "serial_cs"
        self.scale = gate_scale(start)
        self.channel = PolarizedChannelLogits(channels, ratio)
        self.spatial = PolarizedSpatialLogits(channels, ratio)
        if start == "identity":
            zero(self.channel.norm)
            zero(self.spatial.value)

    def forward(self, x: Tensor) -> Tensor:
        """Gate ``x`` (B, C, H, W)."""
        return compose(x, self.channel, self.spatial, self.composition, self.scale)

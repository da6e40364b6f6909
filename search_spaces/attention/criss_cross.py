"""Criss-cross attention: each position looks along its row and its column."""

from __future__ import annotations

from typing import get_args

import torch
import torch.nn as nn
from torch import Tensor

from search_spaces.attention.parts import Start, check_positive, check_word, hidden_width


class CrissCrossAttention(nn.Module):
    """Criss-cross attention, R times with the same weights: ``x <- x + g·z(x)``.

    Huang et al., CCNet, ICCV 2019, Section 3.2-3.3: ``z_u`` is the sum of the values at the
    ``H + W - 1`` positions in the row and the column of u, weighed by a softmax of ``q_u · k_i``.
    Two passes reach every position. The learned number g starts at zero, as in the paper, so that
    ``identity`` and ``paper`` start are the same here. Left out are the 3x3 convolutions of the
    paper's segmentation head before and after the passes. The official code masks the second copy
    of u itself by an infinite float32 value that only exists on a GPU; here it is the lowest number
    of the type at hand.

    Args:
        channels: of the feature map.
        recurrences: how many passes.
        ratio: channels over the width of queries and keys, which is at least 4 and at most
            ``channels``.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self, channels: int, *, recurrences: int = 2, ratio: int = 8, start: Start = "identity"
    ) -> None:
        super().__init__()
        check_word("start", start, get_args(Start))
        check_positive("recurrences", recurrences)
        inner = hidden_width(channels, ratio)
        self.recurrences = recurrences
        self.widths = [inner, inner, channels]
        self.project = nn.Conv2d(channels, sum(self.widths), 1)
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Add to ``x`` (B, C, H, W), pass by pass, what its positions gather."""
        for _ in range(self.recurrences):
            x = x + self.weight * self.gathered(x)
        return x

    def gathered(self, x: Tensor) -> Tensor:
        """What each position of ``x`` (B, C, H, W) gathers in one pass, in the same shape."""
        by_rows = self.project(x).permute(0, 2, 3, 1).contiguous()
        queries, keys, values = torch.split(by_rows, self.widths, dim=3)
        down = downwards(queries) @ downwards(keys).transpose(2, 3)
        across = queries @ keys.transpose(2, 3)
        weights = torch.cat((downwards(without_self(down)), across), dim=3).softmax(3)
        in_column, in_row = torch.split(weights, [x.shape[2], x.shape[3]], dim=3)
        z: Tensor = downwards(downwards(in_column) @ downwards(values)) + in_row @ values
        return z.permute(0, 3, 1, 2)


def downwards(x: Tensor) -> Tensor:
    """Rows and columns exchanged: (B, W, H, d) of ``x`` (B, H, W, d)."""
    return x.transpose(1, 2)


def without_self(logits: Tensor) -> Tensor:
    """Logits (B, W, H, H) of a column with itself, so low on the diagonal that no weight is left.

    A position is in its row and in its column, and counts once.
    """
    diagonal = torch.eye(logits.shape[-1], dtype=torch.bool, device=logits.device)
    return logits.masked_fill(diagonal, torch.finfo(logits.dtype).min)

"""Gates for every single value, from statistics of its own map, with next to no parameters."""

from __future__ import annotations

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from search_spaces.attention.parts import Start, check_positive, gate_scale
from search_spaces.attention.pooling import mean


class SimAM(nn.Module):
    """SimAM: ``y = sigmoid(e)·x``, ``e = (x - mean)² / (4 (var + regularization)) + 1/2``.

    Yang et al., SimAM: A Simple, Parameter-Free Attention Module, ICML 2021, Section 3: mean
    and variance of each map, divided by its positions less one as in the official code. The paper's
    module has no parameters, and so no start but its own. Here ``e`` has one learned factor, 1 with
    ``paper`` start, and 0 with ``identity`` start: ``2·sigmoid(0) = 1``.

    Args:
        channels: of the feature map; nothing depends on it.
        regularization: the paper's lambda; the larger, the flatter the gate.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self, channels: int, *, regularization: float = 1e-4, start: Start = "identity"
    ) -> None:
        super().__init__()
        if regularization <= 0:
            raise ValueError(f"regularization is {regularization}; allowed: a number above 0")
        self.scale = gate_scale(start)
        self.regularization = regularization
        self.gain = nn.Parameter(torch.zeros(1) if start == "identity" else torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        """Gate every value of ``x`` (B, C, H, W)."""
        positions = x.shape[2] * x.shape[3]
        unbiased = max(1, positions - 1) / positions
        # ``unbiased · unit² = (x - mean)² / (var + regularization)``, by one fused operation.
        unit = torch.group_norm(x, x.shape[1], eps=unbiased * self.regularization)
        logits = unit.square() * (unbiased / 4 * self.gain) + self.gain / 2
        return x * (self.scale * torch.sigmoid(logits))


class SpatialGroupEnhance(nn.Module):
    """SGE: ``y = sigmoid(w·t + b)·x`` in each group of channels, t its likeness to its own mean.

    Li et al., Spatial Group-wise Enhance, arXiv:1905.09646, Section 3: ``t`` is the product of the
    group's mean vector with the vector at each position, normalised over the positions. The root is
    taken of ``variance + 1e-5``, so that a constant map has a gradient; the paper adds to the root.
    ``paper`` start is the official code's: ``w = 0`` and ``b = 1``. ``identity`` start: ``b = 0``
    and ``2·sigmoid(.)``.

    Args:
        channels: of the feature map.
        groups: of channels; if they don't divide ``channels``, their greatest common divisor.
        start: ``identity`` or ``paper``.
    """

    def __init__(self, channels: int, *, groups: int = 64, start: Start = "identity") -> None:
        super().__init__()
        check_positive("groups", groups)
        self.groups = math.gcd(channels, groups)
        self.scale = gate_scale(start)
        self.weight = nn.Parameter(torch.zeros(self.groups, 1))
        self.bias = nn.Parameter(torch.full((self.groups, 1), 0.0 if start == "identity" else 1.0))

    def forward(self, x: Tensor) -> Tensor:
        """Gate ``x`` (B, C, H, W)."""
        batch, channels, height, width = x.shape
        grouped = x.reshape(batch * self.groups, channels // self.groups, height * width)
        likeness = torch.bmm(mean(grouped, 2)[:, None], grouped)
        unit = F.layer_norm(likeness, (height * width,)).view(batch, self.groups, -1)
        gate = self.scale * torch.sigmoid(unit * self.weight + self.bias)
        return (grouped * gate.view(-1, 1, height * width)).view(batch, channels, height, width)

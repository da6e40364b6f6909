"""Channel and spatial gates together, in series or in parallel."""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn as nn
from torch import Tensor

from search_spaces.attention.channel import AverageLogits, AverageMaxLogits, BottleneckLogits
from search_spaces.attention.parts import Start, check_word, gate_scale, zero
from search_spaces.attention.spatial import DilatedLogits, PointLogits, StatisticsLogits

#: How a channel gate s and a spatial gate m act on x; ``ls`` and ``lm`` are their logits.
Composition = Literal[
    "serial_cs",  # m(s·x)·(s·x)
    "serial_sc",  # s(m·x)·(m·x)
    "par_sum",  # (s + m)·x
    "par_prod",  # s·m·x
    "par_max",  # max(s, m)·x
    "par_logit_sum",  # sigmoid(ls + lm)·x
    "par_logit_prod",  # sigmoid(ls·lm)·x
]


def compose(
    x: Tensor, channel: nn.Module, spatial: nn.Module, composition: str, scale: float
) -> Tensor:
    """Gate ``x`` by two modules that give logits.

    Args:
        x: feature map (B, C, H, W).
        channel: gives logits (B, C, 1, 1).
        spatial: gives logits (B, 1, H, W).
        composition: one of ``Composition``.
        scale: of every sigmoid gate; see ``gate_scale``.
    """
    if composition == "serial_cs":
        x = x * (scale * torch.sigmoid(channel(x)))
        return x * (scale * torch.sigmoid(spatial(x)))
    if composition == "serial_sc":
        x = x * (scale * torch.sigmoid(spatial(x)))
        return x * (scale * torch.sigmoid(channel(x)))
    return x * joint_gate(channel(x), spatial(x), composition, scale)


def joint_gate(channel: Tensor, spatial: Tensor, composition: str, scale: float) -> Tensor:
    """The gate (B, C, H, W) of two logits in parallel.

    The sum of two scaled gates is divided by the scale: it is ``sigmoid(ls) + sigmoid(lm)`` in
    both starts, which is already 1 where both logits are zero.
    """
    if composition == "par_logit_sum":
        return scale * torch.sigmoid(channel + spatial)
    if composition == "par_logit_prod":
        return scale * torch.sigmoid(channel * spatial)
    s, m = torch.sigmoid(channel), torch.sigmoid(spatial)
    if composition == "par_sum":
        return s + m
    s, m = scale * s, scale * m
    return s * m if composition == "par_prod" else torch.maximum(s, m)


def initialise(module: nn.Module) -> None:
    """Initialise as the official CBAM and BAM code: He (fan out) convolutions, zero biases."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out")
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
            nn.init.zeros_(layer.bias)


class ConvolutionalBlockAttention(nn.Module):
    """CBAM: a channel gate from average and maximum, a spatial gate from their channel statistics.

    Woo et al., CBAM, ECCV 2018, eq. 1-3; ``serial_cs`` is the paper's order. From the official
    code: biases in the MLP and batch norm after the spatial convolution, which the paper does not
    have. ``paper`` start is the official one: the batch norm's weight is zero, so that the spatial
    gate is 0.5 everywhere at first. ``identity`` start: gates are ``2·sigmoid(.)`` and the MLP's
    last layer is zero too; with ``par_logit_prod`` it is not, because where both factors of a
    product are zero no gradient reaches either.

    Args:
        channels: of the feature map.
        ratio: channels over the MLP's hidden width, which is at least 4 and at most ``channels``.
        kernel_size: of the spatial convolution; odd.
        composition: how the two gates act; see ``Composition``.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        ratio: int = 16,
        kernel_size: int = 7,
        composition: Composition = "serial_cs",
        start: Start = "identity",
    ) -> None:
        super().__init__()
        check_word("composition", composition, get_args(Composition))
        self.composition = composition
        self.scale = gate_scale(start)
        self.channel = AverageMaxLogits(channels, ratio)
        self.spatial = StatisticsLogits(kernel_size)
        initialise(self)
        zero(self.spatial.norm)
        if start == "identity" and composition != "par_logit_prod":
            zero(self.channel.expand)

    def forward(self, x: Tensor) -> Tensor:
        """Gate ``x`` (B, C, H, W)."""
        return compose(x, self.channel, self.spatial, self.composition, self.scale)


class BottleneckAttention(nn.Module):
    """BAM: ``y = x + M·x``, ``M = sigmoid(ls + lm)`` of a channel and a dilated spatial branch.

    Park et al., BAM, BMVC 2018, eq. 1-4. Branches as in the official code: batch norm and ReLU
    after every hidden layer, where the paper has one batch norm at the end of each. The official
    code multiplies the logits (``par_logit_prod``), the paper adds them. Global means replace its
    square pooling window, which ignores columns of a wide map. ``identity`` start:
    ``y = M·x + M·x``, that is a mask of ``2·sigmoid(.) - 1``, with zero logits. In
    ``par_logit_prod`` only the spatial ones are zero, because where both factors of a product are
    zero no gradient reaches either.

    Args:
        channels: of the feature map.
        ratio: channels over hidden width; the width is at least 4 and at most ``channels``.
        dilation: of the two 3x3 convolutions.
        composition: ``par_logit_sum`` or ``par_logit_prod``.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        ratio: int = 16,
        dilation: int = 4,
        composition: Literal["par_logit_sum", "par_logit_prod"] = "par_logit_sum",
        start: Start = "identity",
    ) -> None:
        super().__init__()
        check_word("composition", composition, ("par_logit_sum", "par_logit_prod"))
        check_word("start", start, get_args(Start))
        self.composition = composition
        self.start = start
        self.channel = BottleneckLogits(channels, ratio)
        self.spatial = DilatedLogits(channels, ratio, dilation)
        initialise(self)
        if start == "identity":
            zero(self.spatial.project)
            if composition == "par_logit_sum":
                zero(self.channel.expand)

    def forward(self, x: Tensor) -> Tensor:
        """Add the gated ``x`` (B, C, H, W) to itself."""
        channel, spatial = self.channel(x), self.spatial(x)
        logits = channel + spatial if self.composition == "par_logit_sum" else channel * spatial
        gated = x * torch.sigmoid(logits)
        return gated + (gated if self.start == "identity" else x)


#: How the two gates of scSE act; see ``Composition``.
Concurrent = Literal["par_sum", "par_max", "par_prod"]


class ConcurrentSqueezeExcite(nn.Module):
    """scSE: ``y = s·x + m·x``, squeeze-and-excitation beside one 1x1 convolution to a mask.

    Roy et al., Concurrent Spatial and Channel Squeeze & Excitation, MICCAI 2018, Section 2.
    ``par_max`` is the official code's maximum of the two products where x is not negative: here it
    takes the larger gate. Torch's default initialisation, as that code. ``identity`` start: both
    last layers are zero, and with ``par_max`` and ``par_prod`` the gates are ``2·sigmoid(.)``.

    Args:
        channels: of the feature map.
        ratio: channels over hidden width; the width is at least 4 and at most ``channels``.
        composition: ``par_sum``, ``par_max`` or ``par_prod``.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        ratio: int = 2,
        composition: Concurrent = "par_sum",
        start: Start = "identity",
    ) -> None:
        super().__init__()
        check_word("composition", composition, get_args(Concurrent))
        self.composition = composition
        self.scale = gate_scale(start)
        self.channel = AverageLogits(channels, ratio)
        self.spatial = PointLogits(channels)
        if start == "identity":
            zero(self.channel.expand)
            zero(self.spatial.project)

    def forward(self, x: Tensor) -> Tensor:
        """Gate ``x`` (B, C, H, W)."""
        return compose(x, self.channel, self.spatial, self.composition, self.scale)

"""The factorised gate: any channel gate, any spatial gate, any way to join them."""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn as nn
from torch import Tensor

from search_spaces.attention.channel import (
    AverageLogits,
    AverageMaxLogits,
    Band,
    BandLogits,
    BottleneckLogits,
    ContextLogits,
)
from search_spaces.attention.compose import Composition, compose, initialise
from search_spaces.attention.parts import Start, check_word, gate_scale, zero
from search_spaces.attention.polarized import PolarizedChannelLogits, PolarizedSpatialLogits
from search_spaces.attention.spatial import DilatedLogits, PointLogits, StatisticsLogits

#: Where the logits of a channel gate come from.
ChannelGate = Literal[
    "se",  # the mean, through a bottleneck
    "eca",  # the mean, by its neighbours
    "cbam",  # mean and maximum, through one bottleneck
    "bam",  # the mean, through a bottleneck with batch norm
    "gc",  # an attention-pooled vector, through a bottleneck with layer norm
    "psa",  # an attention-pooled vector, through a linear bottleneck, layer norm behind it
]

#: Where the logits of a spatial gate come from.
SpatialGate = Literal[
    "cbam",  # a convolution over the channels' maximum and mean
    "bam",  # dilated convolutions
    "conv1x1",  # one 1x1 convolution
    "psa",  # a query over the channels
]

#: One gate alone, or how two of them act.
Joint = Literal["channel_only", "spatial_only"] | Composition


def channel_branch(
    kind: ChannelGate, channels: int, ratio: int, band: Band
) -> tuple[nn.Module, nn.Module]:
    """A module from a map to channel logits (B, C, 1, 1), and its last layer."""
    if kind == "eca":
        neighbours = BandLogits(channels, band)
        return neighbours, neighbours.band
    if kind == "psa":
        polarized = PolarizedChannelLogits(channels, ratio)
        return polarized, polarized.norm
    branch: AverageLogits | AverageMaxLogits | BottleneckLogits | ContextLogits
    if kind == "se":
        branch = AverageLogits(channels, ratio)
    elif kind == "gc":
        branch = ContextLogits(channels, ratio)
    else:
        branch = (AverageMaxLogits if kind == "cbam" else BottleneckLogits)(channels, ratio)
        initialise(branch)
    return branch, branch.expand


def spatial_branch(
    kind: SpatialGate, channels: int, ratio: int, kernel_size: int, dilation: int
) -> tuple[nn.Module, nn.Module]:
    """A module from a map to spatial logits (B, 1, H, W), and its last layer."""
    if kind == "conv1x1":
        point = PointLogits(channels)
        return point, point.project
    if kind == "psa":
        polarized = PolarizedSpatialLogits(channels, ratio)
        return polarized, polarized.value
    if kind == "bam":
        dilated = DilatedLogits(channels, ratio, dilation)
        initialise(dilated)
        return dilated, dilated.project
    statistics = StatisticsLogits(kernel_size)
    initialise(statistics)
    return statistics, statistics.norm


class FactorisedGate(nn.Module):
    """A gate put together from parts: channel gate x spatial gate x composition x residual.

    Published modules are points of it, with their weights' names: SE and ECA are ``channel_only``
    with ``se`` and ``eca``, GCNet's scaling form ``channel_only`` with ``gc``; CBAM is
    ``serial_cs`` of ``cbam`` and ``cbam``; BAM is ``par_logit_sum`` of ``bam`` and ``bam`` with
    ``residual``; scSE is ``par_sum`` of ``se`` and ``conv1x1``; PSA is ``par_sum`` or ``serial_cs``
    of ``psa`` and ``psa``. The other points are of no paper. ``paper`` start takes each part as its
    own paper does. ``identity`` start: ``2·sigmoid(.)`` with zero last layers; ``residual`` is
    then the mean of ``x`` and the gated ``x``, where BAM itself has a mask of ``2·sigmoid(.) - 1``,
    which is the same as no residual. In ``par_logit_prod`` the channel's last layer stays as it is,
    because where both factors of a product are zero no gradient reaches either.

    Args:
        channels: of the feature map.
        composition: ``channel_only``, ``spatial_only`` or one of ``Composition``.
        channel: the channel gate; see ``ChannelGate``.
        spatial: the spatial gate; see ``SpatialGate``.
        residual: add ``x`` to the gated ``x``.
        ratio: of the channel gate: channels over hidden width; the width is at least 4.
        channel_kernel: how many channels share a gate in ``eca``; odd, or ``adaptive``.
        kernel_size: of the spatial ``cbam`` convolution; odd.
        spatial_ratio: as ``ratio``, of the spatial gate.
        dilation: of the spatial ``bam`` convolutions.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        composition: Joint = "serial_cs",
        channel: ChannelGate = "cbam",
        spatial: SpatialGate = "cbam",
        residual: bool = False,
        ratio: int = 16,
        channel_kernel: Band = "adaptive",
        kernel_size: int = 7,
        spatial_ratio: int = 16,
        dilation: int = 4,
        start: Start = "identity",
    ) -> None:
        super().__init__()
        joints = ("channel_only", "spatial_only", *get_args(Composition))
        check_word("composition", composition, joints)
        check_word("channel", channel, get_args(ChannelGate))
        check_word("spatial", spatial, get_args(SpatialGate))
        self.composition = composition
        self.residual = residual
        self.scale = gate_scale(start)
        if composition != "spatial_only":
            self.channel, last = channel_branch(channel, channels, ratio, channel_kernel)
            if composition != "par_logit_prod" and (start == "identity" or channel == "gc"):
                zero(last)
        if composition != "channel_only":
            self.spatial, last = spatial_branch(
                spatial, channels, spatial_ratio, kernel_size, dilation
            )
            if start == "identity" or spatial == "cbam":
                zero(last)

    def forward(self, x: Tensor) -> Tensor:
        """Gate ``x`` (B, C, H, W)."""
        gated = self.gated(x)
        return (x + gated) / self.scale if self.residual else gated

    def gated(self, x: Tensor) -> Tensor:
        """``x`` times its gate, or gates."""
        if self.composition == "channel_only":
            return x * (self.scale * torch.sigmoid(self.channel(x)))
        if self.composition == "spatial_only":
            return x * (self.scale * torch.sigmoid(self.spatial(x)))
        return compose(x, self.channel, self.spatial, self.composition, self.scale)

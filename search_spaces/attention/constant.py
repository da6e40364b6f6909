"""Channel attention that looks at a learned vector in place of the image: a constant gate."""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn as nn
from torch import Tensor

from search_spaces.attention.channel import AverageLogits, Band, BandLogits
from search_spaces.attention.parts import Start, check_word, gate_scale, zero

#: What the learned vector begins as, as in the official code.
PSI = 0.1

#: Whose logits are taken.
Inner = Literal["se", "eca"]


class ConstantAttention(nn.Module):
    """ASR: ``y = v·x``, ``v = sigmoid(logits(psi))``; psi is learned, and is no image's mean.

    Zhong et al., ASR: Attention-alike Structural Re-parameterization, arXiv:2304.06345 (ECCV 2024:
    Stripe Observation Guided Inference Cost-free Attention Mechanism): the values of channel
    attention approach a constant vector while a network is trained, so one is learned by way of the
    attention's own layers. As in the official code, psi begins as 0.1 everywhere and the gate
    stands behind a batch norm. ``identity`` start: ``v = 2·sigmoid(.)`` with a zero last layer.

    Once trained, ``v`` is one positive number a channel that no image changes:
    ``search_spaces.folding.fold`` multiplies the scale and shift of the layer in front by it, and
    nothing is left of the module. So its cost, as the search sees it, is zero. In training it has
    parameters, and the products of its layers, once a batch and not once an image.

    Args:
        channels: of the feature map.
        channel: whose layers stand between psi and the gate: ``se`` or ``eca``.
        ratio: of ``se``: channels over hidden width; the width is at least 4, at most ``channels``.
        kernel_size: of ``eca``: how many neighbouring channels share a gate; odd, or ``adaptive``.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        channel: Inner = "se",
        ratio: int = 16,
        kernel_size: Band = "adaptive",
        start: Start = "identity",
    ) -> None:
        super().__init__()
        check_word("channel", channel, get_args(Inner))
        self.scale = gate_scale(start)
        self.psi = nn.Parameter(torch.full((1, channels, 1, 1), PSI))
        self.channel: AverageLogits | BandLogits
        if channel == "se":
            self.channel = AverageLogits(channels, ratio)
            last = self.channel.expand
        else:
            self.channel = BandLogits(channels, kernel_size)
            last = self.channel.band
        if start == "identity":
            zero(last)

    def gate(self) -> Tensor:
        """The factors of the channels: (1, C, 1, 1), each above 0."""
        return self.scale * torch.sigmoid(self.channel(self.psi))

    def forward(self, x: Tensor) -> Tensor:
        """Gate the channels of ``x`` (B, C, H, W), alike in every image."""
        return x * self.gate()

"""Attention that stands for a 3x3 convolution with its norm and ReLU: a choice among kernels."""

from __future__ import annotations

from math import gcd

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from search_spaces.attention.parts import BatchNorm, Start, check_positive, gate_scale, zero


class SelectiveKernel(nn.Module):
    """Selective kernel: ``y = sum_i a_i·U_i``, paths ``U_i = relu(BN(conv_i(x)))``.

    Li et al., Selective Kernel Networks, CVPR 2019, eq. 1-6: ``a = softmax_i(A_i z)`` a channel,
    ``z = relu(BN(W mean(sum_i U_i)))`` of width ``max(C / ratio, minimum)``. The kernels are 3x3,
    5x5 and 7x7, the larger ones as 3x3 with dilation 2 and 3 (Section 3.1). No layer has a bias and
    ``A`` starts from N(0, 0.01), as in the official code; the paper start of the rest is torch's.
    ``identity`` start: ``A`` is zero, so that every path counts alike (a convolution that is
    replaced can't be given back). Where ``groups`` don't divide the channels, their greatest
    common divisor serves.

    Args:
        channels: of the feature map.
        out_channels: of the output; by default ``channels``.
        stride: of the convolutions.
        paths: how many kernels, 2 or 3.
        groups: of each convolution.
        ratio: output channels over the width of ``z``.
        minimum: the least width of ``z``.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        out_channels: int | None = None,
        stride: int = 1,
        paths: int = 2,
        groups: int = 32,
        ratio: int = 16,
        minimum: int = 32,
        start: Start = "identity",
    ) -> None:
        super().__init__()
        gate_scale(start)
        for name, value in (("groups", groups), ("ratio", ratio), ("minimum", minimum)):
            check_positive(name, value)
        if paths not in (2, 3):
            raise ValueError(f"paths is {paths}; allowed: 2, 3")
        outputs = out_channels or channels
        width = max(outputs // ratio, minimum)
        self.paths = nn.ModuleList(
            convolution(channels, outputs, stride, groups, dilation)
            for dilation in range(1, paths + 1)
        )
        self.reduce = nn.Linear(outputs, width, bias=False)
        self.norm = BatchNorm(width)
        self.select = nn.Linear(width, paths * outputs, bias=False)
        nn.init.normal_(self.reduce.weight, std=0.01)
        nn.init.normal_(self.select.weight, std=0.01)
        if start == "identity":
            zero(self.select)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, outputs, H / stride, W / stride), rounded up."""
        maps = [path(x) for path in self.paths]
        # The mean of a sum as a sum of means: the sum itself is never written to memory.
        pooled = torch.stack([each.mean((2, 3)) for each in maps]).sum(0)
        logits = self.select(F.relu(self.norm(self.reduce(pooled))))
        shares = logits.view(x.shape[0], len(maps), -1, 1, 1).softmax(1)
        return blend(maps, shares)


class SplitAttention(nn.Module):
    """Split attention: ``y = sum_r a_r·U_r``, where one convolution gives ``radix`` splits.

    Zhang et al., ResNeSt: Split-Attention Networks, CVPR workshops 2022, Section 3, laid out as in
    the official code: ``U = relu(BN(conv(x)))`` with ``cardinality·radix`` groups,
    ``a = softmax_r(fc2 relu(BN(fc1 mean(sum_r U_r))))``, both layers with ``cardinality`` groups
    and bias, of width ``max(C·radix / ratio, 32)``. ``radix`` 1 has a sigmoid gate instead. Unlike
    the official code: a stride is the convolution's (there an average pooling follows), and the
    width comes from the output's channels and is rounded up to a multiple of ``cardinality``.
    ``identity`` start: ``fc2`` is zero, so that every split counts alike (a convolution that is
    replaced can't be given back); ``radix`` 1 then gates by ``2·sigmoid(.) = 1``. ``paper`` start
    is torch's, as in the official code. Where the groups don't divide the channels, their greatest
    common divisor serves.

    Args:
        channels: of the feature map.
        out_channels: of the output; by default ``channels``.
        stride: of the convolution.
        radix: how many splits there are to choose among.
        cardinality: how many groups of channels choose on their own.
        ratio: channels of all splits over the hidden width.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        out_channels: int | None = None,
        stride: int = 1,
        radix: int = 2,
        cardinality: int = 1,
        ratio: int = 4,
        start: Start = "identity",
    ) -> None:
        super().__init__()
        for name, value in (("radix", radix), ("cardinality", cardinality), ("ratio", ratio)):
            check_positive(name, value)
        outputs = out_channels or channels
        self.radix, self.cardinality = radix, gcd(cardinality, outputs)
        self.scale = gate_scale(start)
        hidden = max(outputs * radix // ratio, 32)
        hidden += -hidden % self.cardinality
        self.splits = convolution(channels, radix * outputs, stride, cardinality * radix)
        self.fc1 = nn.Conv2d(outputs, hidden, 1, groups=self.cardinality)
        self.norm = BatchNorm(hidden)
        self.fc2 = nn.Conv2d(hidden, radix * outputs, 1, groups=self.cardinality)
        if start == "identity":
            zero(self.fc2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, outputs, H / stride, W / stride), rounded up."""
        maps = self.splits(x)
        pooled = maps.mean((2, 3)).unflatten(1, (self.radix, -1)).sum(1)[:, :, None, None]
        logits = self.fc2(F.relu(self.norm(self.fc1(pooled))))
        if self.radix == 1:
            gated: Tensor = maps * (self.scale * torch.sigmoid(logits))
            return gated
        # fc2 gives cardinality-major channels, the convolution radix-major ones.
        logits = logits.view(x.shape[0], self.cardinality, self.radix, -1).transpose(1, 2)
        shares = logits.reshape(x.shape[0], self.radix, -1, 1, 1).softmax(1)
        return blend(list(maps.chunk(self.radix, 1)), shares)


def convolution(
    inputs: int, outputs: int, stride: int, groups: int, dilation: int = 1
) -> nn.Sequential:
    """A 3x3 convolution without bias, batch norm and ReLU; groups as many as divide both sides."""
    shared = gcd(groups, inputs, outputs)
    conv = nn.Conv2d(
        inputs, outputs, 3, stride, dilation, dilation=dilation, groups=shared, bias=False
    )
    return nn.Sequential(conv, BatchNorm(outputs), nn.ReLU(inplace=True))


def blend(maps: list[Tensor], shares: Tensor) -> Tensor:
    """``sum_i shares_i·maps_i``; shares are (B, maps, C, 1, 1)."""
    # Under autocast a softmax is float32, and would make the whole maps so.
    shares = shares.to(maps[0].dtype)
    total = maps[0] * shares[:, 0]
    for index, each in enumerate(maps[1:], start=1):
        total = torch.addcmul(total, each, shares[:, index])
    return total

"""Gates over channels: which feature maps matter, decided from pooled values."""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from search_spaces.attention.parts import (
    BatchNorm,
    Start,
    check_word,
    gate_scale,
    hidden_width,
    same_padding,
    zero,
)
from search_spaces.attention.pooling import attention_pool, mean


class SqueezeExcite(nn.Module):
    """Squeeze-and-excitation: ``y = s·x``, ``s = sigmoid(W2 relu(W1 mean(x) + b1) + b2)``.

    Hu et al., Squeeze-and-Excitation Networks, TPAMI 2020, eq. 2-4. Both layers have biases, as in
    the official Caffe models; the paper leaves them out of its ResNet ablations. The official
    training code is not public: ``paper`` start uses torch's default initialisation, as
    ``torchvision.ops.SqueezeExcitation`` does. ``identity`` start: ``s = 2·sigmoid(.)`` with a zero
    last layer.

    Args:
        channels: of the feature map.
        ratio: channels over hidden width; the width is at least 4 and at most ``channels``.
        start: ``identity`` or ``paper``.
    """

    def __init__(self, channels: int, *, ratio: int = 16, start: Start = "identity") -> None:
        super().__init__()
        self.scale = gate_scale(start)
        self.channel = AverageLogits(channels, ratio)
        if start == "identity":
            zero(self.channel.expand)

    def forward(self, x: Tensor) -> Tensor:
        """Gate the channels of ``x`` (B, C, H, W)."""
        return x * (self.scale * torch.sigmoid(self.channel(x)))


class AverageLogits(nn.Module):
    """Channel logits of squeeze-and-excitation: ``W2 relu(W1 mean(x) + b1) + b2``."""

    def __init__(self, channels: int, ratio: int) -> None:
        super().__init__()
        hidden = hidden_width(channels, ratio)
        self.reduce = nn.Linear(channels, hidden)
        self.expand = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, C, 1, 1) of ``x`` (B, C, H, W)."""
        logits: Tensor = self.expand(F.relu(self.reduce(mean(x, 2, 3))))
        return logits[:, :, None, None]


#: How many neighbouring channels share a gate: an odd number, or by the channel count.
Band = int | Literal["adaptive"]


class EfficientChannelAttention(nn.Module):
    """Efficient channel attention: ``y = s·x``, ``s = sigmoid(conv1d_k(mean(x)))``.

    Wang et al., ECA-Net, CVPR 2020, eq. 9; ``adaptive`` takes k from eq. 12 as the official code
    does, ``t = int(|log2(C) + 1| / 2)``, the next odd number if even. (The published ResNet-50
    checkpoint was trained with other sizes, 3-5-5-7.) No bias, zero padding and torch's default
    initialisation, as the official code. ``identity`` start: ``s = 2·sigmoid(.)`` with a zero
    kernel.

    Args:
        channels: of the feature map.
        kernel_size: how many neighbouring channels share a gate; odd, or ``adaptive``.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: Band = "adaptive",
        start: Start = "identity",
    ) -> None:
        super().__init__()
        self.scale = gate_scale(start)
        self.channel = BandLogits(channels, kernel_size)
        if start == "identity":
            zero(self.channel.band)

    def forward(self, x: Tensor) -> Tensor:
        """Gate the channels of ``x`` (B, C, H, W)."""
        return x * (self.scale * torch.sigmoid(self.channel(x)))


class BandLogits(nn.Module):
    """Channel logits of ECA: a 1-D convolution over the channels' means."""

    def __init__(self, channels: int, kernel_size: Band) -> None:
        super().__init__()
        if isinstance(kernel_size, str):
            check_word("kernel_size", kernel_size, ("adaptive",))
            self.size = adaptive_kernel(channels)
        else:
            self.size = kernel_size
        self.padding = same_padding(self.size)
        self.band = nn.Linear(self.size, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, C, 1, 1) of ``x`` (B, C, H, W)."""
        pooled = F.pad(mean(x, 2, 3), (self.padding, self.padding))
        # The 1-D convolution as one matrix product over windows: equal, and faster on CPUs.
        logits: Tensor = self.band(pooled.unfold(1, self.size, 1))
        return logits[..., None]


def adaptive_kernel(channels: int) -> int:
    """The odd kernel size for a channel count, ECA-Net eq. 12 with gamma 2 and b 1."""
    size = int(abs((math.log2(channels) + 1) / 2))
    return size if size % 2 else size + 1


class AverageMaxLogits(nn.Module):
    """Channel logits of CBAM: one shared MLP on the average and on the maximum, summed.

    ``W2 relu(W1 mean(x) + b1) + b2 + W2 relu(W1 max(x) + b1) + b2``.
    """

    def __init__(self, channels: int, ratio: int) -> None:
        super().__init__()
        hidden = hidden_width(channels, ratio)
        self.reduce = nn.Linear(channels, hidden)
        self.expand = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, C, 1, 1) of ``x`` (B, C, H, W)."""
        pooled = torch.cat((mean(x, 2, 3), F.adaptive_max_pool2d(x, 1).flatten(1)))
        both = self.expand(F.relu(self.reduce(pooled)))
        logits: Tensor = both.view(2, *x.shape[:2]).sum(0)
        return logits[:, :, None, None]


class BottleneckLogits(nn.Module):
    """Channel logits of BAM: ``W2 relu(BN(W1 mean(x) + b1)) + b2``."""

    def __init__(self, channels: int, ratio: int) -> None:
        super().__init__()
        hidden = hidden_width(channels, ratio)
        self.reduce = nn.Linear(channels, hidden)
        self.norm = BatchNorm(hidden)
        self.expand = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, C, 1, 1) of ``x`` (B, C, H, W)."""
        logits: Tensor = self.expand(F.relu(self.norm(self.reduce(mean(x, 2, 3)))))
        return logits[:, :, None, None]


#: How one descriptor of the whole map is made: ``softmax_j(w x_j + b)`` weighs the positions, or
#: all count the same.
Pool = Literal["attention", "average"]


class ContextLogits(nn.Module):
    """Channel logits of GCNet: ``W2 relu(LN(W1 c + b1)) + b2``, c the pooled map.

    As in its official code the key has a bias, which the softmax cancels, and He initialisation.
    """

    def __init__(self, channels: int, ratio: int, pool: Pool = "attention") -> None:
        super().__init__()
        check_word("pool", pool, get_args(Pool))
        hidden = hidden_width(channels, ratio)
        self.pool = pool
        if pool == "attention":
            self.key = nn.Linear(channels, 1)
            nn.init.kaiming_normal_(self.key.weight)
            nn.init.zeros_(self.key.bias)
        self.reduce = nn.Linear(channels, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.expand = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, C, 1, 1) of ``x`` (B, C, H, W)."""
        hidden = F.relu(self.norm(self.reduce(self.context(x))))
        logits: Tensor = self.expand(hidden)
        return logits[:, :, None, None]

    def context(self, x: Tensor) -> Tensor:
        """The weighted mean over the positions of ``x`` (B, C, H, W): (B, C)."""
        return attention_pool(x, self.key) if self.pool == "attention" else mean(x, 2, 3)

"""Transformer encoder: positions as tokens, all looking at all."""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from search_spaces.attention.parts import Start, check_positive, check_word, zero

#: Where a layer's norms stand: before each branch, or after each sum.
Norm = Literal["pre", "post"]

#: What tells positions apart; ``sine`` is added to queries and keys.
Encoding = Literal["none", "sine"]


class TransformerEncoder(nn.Module):
    """A transformer encoder over the positions of a feature map, as in DETR.

    Carion et al., End-to-End Object Detection with Transformers, ECCV 2020, Section 3.2; the layer
    is that of Vaswani et al., Attention Is All You Need, NeurIPS 2017, Section 3. Defaults are
    DETR's (256 channels, 8 heads, 2,048 hidden, 6 layers) with three exceptions. ``norm`` is
    ``pre``, its code's other setting, because only that can start as the identity: a ``post`` layer
    ends in a norm, whatever its weights. There is no norm behind the last pre-norm layer, for the
    same reason. Dropout is 0 instead of 0.1: a trial is one pure function of its seed. ``paper``
    start is DETR's, Xavier uniform for every matrix; ``identity`` start zeroes the last layer of
    both branches.

    Args:
        channels: of the feature map.
        heads: of attention; the module takes the largest divisor of it that also divides
            ``channels``.
        ffn_ratio: hidden width of the feed-forward branch over channels.
        layers: how many.
        norm: ``pre`` or ``post``.
        encoding: of the positions; ``none`` or ``sine``.
        start: ``identity`` or ``paper``; with ``post`` norm the output is normed in both.
    """

    def __init__(
        self,
        channels: int,
        *,
        heads: int = 8,
        ffn_ratio: int = 8,
        layers: int = 6,
        norm: Norm = "pre",
        encoding: Encoding = "sine",
        start: Start = "identity",
    ) -> None:
        super().__init__()
        check_positive("heads", heads)
        check_positive("ffn_ratio", ffn_ratio)
        check_positive("layers", layers)
        check_word("norm", norm, get_args(Norm))
        check_word("encoding", encoding, get_args(Encoding))
        check_word("start", start, get_args(Start))
        self.encoding = encoding
        self.layers = nn.ModuleList(
            EncoderLayer(channels, math.gcd(heads, channels), ffn_ratio * channels, norm)
            for _ in range(layers)
        )
        if start == "identity":
            for module in self.modules():
                if isinstance(module, EncoderLayer):
                    zero(module.out)
                    zero(module.contract)

    def forward(self, x: Tensor) -> Tensor:
        """Encode ``x`` (B, C, H, W)."""
        tokens = x.flatten(2).transpose(1, 2)
        places = sine_positions(x) if self.encoding == "sine" else None
        for layer in self.layers:
            tokens = layer(tokens, places)
        y = tokens.transpose(1, 2).reshape(x.shape)
        return y.contiguous() if x.is_contiguous() else y


class EncoderLayer(nn.Module):
    """Multi-head self-attention and a feed-forward branch, each with a sum and a norm."""

    def __init__(self, channels: int, heads: int, hidden: int, norm: Norm) -> None:
        super().__init__()
        self.heads = heads
        self.pre = norm == "pre"
        self.project = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        self.expand = nn.Linear(channels, hidden)
        self.contract = nn.Linear(hidden, channels)
        self.norm1 = nn.LayerNorm(channels)
        self.norm2 = nn.LayerNorm(channels)
        for layer in (self.project, self.out, self.expand, self.contract):
            nn.init.xavier_uniform_(layer.weight)
        for layer in (self.project, self.out):
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, places: Tensor | None) -> Tensor:
        """One layer over tokens (B, N, C); ``places`` (N, C) are added to queries and keys."""
        if self.pre:
            x = x + self.attend(self.norm1(x), places)
            return x + self.feed(self.norm2(x))
        x = self.norm1(x + self.attend(x, places))
        y: Tensor = self.norm2(x + self.feed(x))
        return y

    def attend(self, x: Tensor, places: Tensor | None) -> Tensor:
        """What each token of (B, N, C) gathers from all, by heads."""
        batch, count, channels = x.shape
        split = [count, self.heads, channels // self.heads]
        queries, keys, values = (
            t.reshape(batch, *split).transpose(1, 2) for t in self.projections(x, places)
        )
        gathered = F.scaled_dot_product_attention(queries, keys, values)
        added: Tensor = self.out(gathered.transpose(1, 2).reshape(x.shape))
        return added

    def projections(self, x: Tensor, places: Tensor | None) -> tuple[Tensor, ...]:
        """Queries, keys and values, each (B, N, C)."""
        weight, bias, split = self.project.weight, self.project.bias, 2 * x.shape[2]
        if places is None:
            return F.linear(x, weight, bias).chunk(3, dim=2)
        both = F.linear(x + places, weight[:split], bias[:split])
        return *both.chunk(2, dim=2), F.linear(x, weight[split:], bias[split:])

    def feed(self, x: Tensor) -> Tensor:
        """The feed-forward branch on each token of (B, N, C)."""
        added: Tensor = self.contract(F.relu(self.expand(x)))
        return added


def sine_positions(x: Tensor) -> Tensor:
    """DETR's position code of a map's positions: (H·W, C) of ``x`` (B, C, H, W).

    Half of the channels tell the row, half the column, each as sines and cosines in turn of
    ``2·pi·i / H`` for i = 1 .. H, at wavelengths up to 10,000 times that. Where C is not a multiple
    of four, the last channels of the next multiple are left out.
    """
    _, channels, height, width = x.shape
    half = 2 * math.ceil(channels / 4)
    rows = sine_code(height, half, x)[:, None].expand(-1, width, -1)
    columns = sine_code(width, half, x)[None].expand(height, -1, -1)
    code = torch.cat((rows, columns), dim=2).flatten(0, 1)[:, :channels]
    return code.to(x.dtype)


def sine_code(length: int, width: int, like: Tensor) -> Tensor:
    """Sines and cosines in turn, (length, width), in at least float32 on the device of ``like``."""
    kind = torch.promote_types(like.dtype, torch.float32)
    steps = torch.arange(1, length + 1, dtype=kind, device=like.device)
    pairs = torch.arange(width // 2, dtype=kind, device=like.device)
    angles = (2 * math.pi / (length + 1e-6) * steps)[:, None] / 10000 ** (2 * pairs / width)
    return torch.stack((angles.sin(), angles.cos()), dim=2).flatten(1)

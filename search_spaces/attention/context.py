"""Context: every position adds what it gathers from all others."""

from __future__ import annotations

from typing import Literal, get_args

import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from search_spaces.attention.parts import BatchNorm, Start, check_word, hidden_width, zero
from search_spaces.attention.pooling import gather

#: The pairwise function f of a query i and a key j.
Mode = Literal[
    "gaussian",  # exp(x_i · x_j), normalised over j
    "embedded_gaussian",  # exp(theta_i · phi_j), normalised over j
    "dot_product",  # theta_i · phi_j / M
    "concatenation",  # relu(w · [theta_i, phi_j]) / M
]


class NonLocal(nn.Module):
    """Non-local block: ``y = x + BN(W z)``, ``z_i = sum_j f(x_i, x_j) g(x_j) / norm``.

    Wang et al., Non-local Neural Networks, CVPR 2018, eq. 1-6. Keys and values come from
    ``subsample`` x ``subsample`` max-pooled input (Section 3.3; the official code pools before the
    projections). Convolutions start from N(0, 0.01) and the last batch norm from zero (Section
    4.1), so that ``identity`` and ``paper`` start are the same here. ``scale`` is in the official
    code, not in the paper; without it the gaussian form on features of a ReLU attends to little
    but itself. For ``gaussian`` it uses the channel count, the width of its vectors.

    Args:
        channels: of the feature map.
        mode: the pairwise function; see ``Mode``.
        ratio: channels over inner width; the width is at least 4 and at most ``channels``.
        subsample: pooling of keys and values; 1 is none.
        scale: divide logits by the square root of their vectors' width; gaussian forms only.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        mode: Mode = "embedded_gaussian",
        ratio: int = 2,
        subsample: int = 1,
        scale: bool = False,
        start: Start = "identity",
    ) -> None:
        super().__init__()
        check_word("mode", mode, get_args(Mode))
        check_word("start", start, get_args(Start))
        if scale and mode not in ("gaussian", "embedded_gaussian"):
            raise ValueError(f"scale is for the gaussian forms; mode is {mode!r}")
        inner = hidden_width(channels, ratio)
        self.mode = mode
        self.subsample = subsample
        self.logit_scale = (channels if mode == "gaussian" else inner) ** -0.5 if scale else 1.0
        if mode != "gaussian":
            self.theta = nn.Conv2d(channels, inner, 1)
            self.phi = nn.Conv2d(channels, inner, 1)
        if mode == "concatenation":
            self.pair = nn.Linear(2 * inner, 1, bias=False)
        self.g = nn.Conv2d(channels, inner, 1)
        self.out = nn.Conv2d(inner, channels, 1)
        self.norm = BatchNorm(channels)
        self.initialise()

    def initialise(self) -> None:
        """Projections N(0, 0.01) with zero bias, the last batch norm zero."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                zero(layer)
                nn.init.normal_(layer.weight, std=0.01)
        zero(self.norm)

    def forward(self, x: Tensor) -> Tensor:
        """Add to ``x`` (B, C, H, W) what its positions gather."""
        keys = self.pooled(x)
        values: Tensor = self.g(keys).flatten(2)
        if self.mode == "dot_product":
            gathered = self.by_products(x, keys, values)
        elif self.mode == "concatenation":
            gathered = self.by_concatenation(x, keys, values)
        else:
            gathered = self.by_softmax(x, keys, values)
        batch, _, height, width = x.shape
        added: Tensor = self.norm(self.out(gathered.view(batch, -1, height, width)))
        return x + added

    def pooled(self, x: Tensor) -> Tensor:
        """``x`` max-pooled by ``subsample``; an axis of one pixel stays."""
        if self.subsample == 1:
            return x
        return F.max_pool2d(x, [min(self.subsample, size) for size in x.shape[2:]])

    def by_softmax(self, x: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Both gaussian forms: a softmax over the keys; gives (B, d, N) from values (B, d, M)."""
        if self.mode == "embedded_gaussian":
            x, keys = self.theta(x), self.phi(keys)
        queries, keys = x.flatten(2).transpose(1, 2), keys.flatten(2)
        if queries.shape[2] == values.shape[1] < keys.shape[2] / 2:
            # Never writes the map of pairs to memory; on few keys the plain products are faster.
            q, k, v = (
                tokens[:, None].contiguous()
                for tokens in (queries, keys.transpose(1, 2), values.transpose(1, 2))
            )
            gathered = F.scaled_dot_product_attention(q, k, v, scale=self.logit_scale)
            return gathered[:, 0].transpose(1, 2).contiguous()
        if self.logit_scale != 1.0:
            queries = self.logit_scale * queries
        return gather((queries @ keys).softmax(-1), values)

    def by_products(self, x: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """The dot-product form, (B, d, N); of two equal orders of its products, the cheaper one."""
        queries: Tensor = self.theta(x).flatten(2)
        keys = self.phi(keys).flatten(2)
        _, inner, count = keys.shape
        values = values / count
        if inner * (queries.shape[2] + count) < 2 * queries.shape[2] * count:
            return (values @ keys.transpose(1, 2)) @ queries
        return values @ (keys.transpose(1, 2) @ queries)

    def by_concatenation(self, x: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """The concatenation form, (B, d, N): ``relu(a_i + b_j)``, never a list of pairs.

        ``w · [theta_i, phi_j] = w1 · theta_i + w2 · phi_j``, and ``w1`` folds into theta's own
        weights: each side costs one output channel instead of d.
        """
        left, right = self.pair.weight.chunk(2, dim=1)
        a = folded(x, self.theta, left)
        b = folded(keys, self.phi, right)
        weights = F.relu(b.transpose(1, 2) + a)
        return (values / values.shape[2]) @ weights


def folded(x: Tensor, conv: nn.Conv2d, row: Tensor) -> Tensor:
    """``row · conv(x)`` for a 1x1 convolution to d channels and a row (1, d): (B, 1, positions)."""
    assert conv.bias is not None
    weight = row @ conv.weight.flatten(1)
    return F.conv2d(x, weight[..., None, None], (row * conv.bias).sum(1)).flatten(2)

"""Means and weighted sums over parts of a feature map."""

from __future__ import annotations

import torch
import torch.nn as nn
from torch import Tensor


def mean(x: Tensor, *dims: int) -> Tensor:
    """The mean of ``x`` over some of its dimensions, which are left out of the result."""
    count = 1
    for dim in dims:
        count *= x.shape[dim]
    # Divided after the sum: ``Tensor.mean`` makes a quotient of the map's size on the way back.
    return x.sum(dims) / count


def position_logits(x: Tensor, layer: nn.Linear) -> Tensor:
    """One logit a position, (B, 1, H·W), of ``x`` (B, C, H, W) by a layer from C to 1."""
    flat = x.flatten(2)
    rows = layer.weight[None].expand(flat.shape[0], -1, -1)
    # A batch of vector products: equal to a 1x1 convolution, and faster on CPUs.
    return torch.bmm(rows, flat) + layer.bias


def attention_pool(x: Tensor, key: nn.Linear) -> Tensor:
    """``sum_j softmax_j(w x_j + b) x_j``: (B, C) of ``x`` (B, C, H, W)."""
    weights = position_logits(x, key).softmax(2)
    # A product and a sum instead of a matrix product with one column: equal, and faster on CPUs.
    return (x.flatten(2) * weights).sum(2)


def gather(weights: Tensor, values: Tensor) -> Tensor:
    """``sum_j w_ij v_j``: (B, d, N) of weights (B, N, M) and values (B, d, M)."""
    if weights.shape[2] > 2 * values.shape[1]:
        # The weights' gradient then comes in their own order, and the large map is not copied.
        return (weights @ values.transpose(1, 2)).transpose(1, 2).contiguous()
    return values @ weights.transpose(1, 2)

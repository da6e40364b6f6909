from __future__ import annotations

import pytest
import torch
import torch.nn as nn
from torch import Tensor

from search_spaces.attention.polarized import PolarizedSelfAttention


def plain(module: PolarizedSelfAttention, x: Tensor) -> tuple[Tensor, Tensor]:
    """Both gates as the paper draws them: 1x1 convolutions of the map, then what is pooled."""

    def conv(layer: nn.Linear, x: Tensor) -> Tensor:
        return torch.conv2d(x, layer.weight[..., None, None], layer.bias).flatten(2)

    c, s = module.channel, module.spatial
    z = conv(c.value, x) @ conv(c.key, x).softmax(2).mT
    channel = torch.sigmoid(c.norm(c.expand(z.squeeze(2))))[:, :, None, None]
    query = conv(s.query, x).mean(2).softmax(1)
    spatial = torch.sigmoid(query[:, None] @ conv(s.value, x))
    return channel, spatial.view(len(x), 1, *x.shape[2:])


def test_equals_the_papers_drawing() -> None:
    x = torch.randn(2, 16, 6, 5, requires_grad=True)
    module = PolarizedSelfAttention(16, start="paper")
    s, m = plain(module, x)
    expected = s * x + m * x
    torch.testing.assert_close(module(x), expected)
    weights = [x, *module.parameters()]
    pull = torch.randn_like(x)
    ours = torch.autograd.grad(module(x), weights, pull)
    theirs = torch.autograd.grad(expected, weights, pull)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_sequence_gates_positions_of_what_the_channels_leave() -> None:
    x, module = torch.randn(2, 16, 6, 5), PolarizedSelfAttention(16, order="sequential")
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    once = x * 2 * plain(module, x)[0]
    torch.testing.assert_close(module(x), once * 2 * plain(module, once)[1])


@pytest.mark.parametrize("channels", [64, 256])
def test_parameters_of_the_papers_form(channels: int) -> None:
    count = sum(p.numel() for p in PolarizedSelfAttention(channels).parameters())
    assert count == 2 * channels**2 + 11 * channels // 2 + 1


def test_mask_is_not_constant() -> None:
    x, module = torch.relu(torch.randn(4, 64, 16, 16)), PolarizedSelfAttention(64, start="paper")
    assert plain(module, x)[1].std((2, 3)).min() > 0.02


def test_unknown_order_is_refused() -> None:
    with pytest.raises(ValueError, match="order is 'serial'; allowed: parallel, sequential"):
        PolarizedSelfAttention(8, order="serial")

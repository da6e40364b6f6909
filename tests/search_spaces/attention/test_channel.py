from __future__ import annotations

import pytest
import torch
from torchvision.ops import SqueezeExcitation

from search_spaces.attention.channel import (
    AverageMaxLogits,
    BottleneckLogits,
    EfficientChannelAttention,
    SqueezeExcite,
    adaptive_kernel,
)

KINDS = (SqueezeExcite, EfficientChannelAttention)


def test_squeeze_excite_equals_torchvision() -> None:
    ours, theirs = SqueezeExcite(32, ratio=4, start="paper"), SqueezeExcitation(32, 8)
    for layer, peer in ((ours.channel.reduce, theirs.fc1), (ours.channel.expand, theirs.fc2)):
        peer.weight.data = layer.weight.data[..., None, None]
        peer.bias.data = layer.bias.data
    x = torch.randn(4, 32, 7, 5, requires_grad=True)
    torch.testing.assert_close(ours(x), theirs(x))
    slopes = [torch.autograd.grad(gate(x).square().sum(), x)[0] for gate in (ours, theirs)]
    torch.testing.assert_close(*slopes)


def test_squeeze_excite_knows_no_order_of_channels() -> None:
    module, order = SqueezeExcite(16, ratio=2, start="paper"), torch.randperm(16)
    other = SqueezeExcite(16, ratio=2, start="paper")
    other.channel.reduce.weight.data = module.channel.reduce.weight.data[:, order]
    other.channel.reduce.bias.data = module.channel.reduce.bias.data
    other.channel.expand.weight.data = module.channel.expand.weight.data[order]
    other.channel.expand.bias.data = module.channel.expand.bias.data[order]
    x = torch.randn(2, 16, 4, 3)
    torch.testing.assert_close(other(x[:, order]), module(x)[:, order])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("start", "top"), [("identity", 2.0), ("paper", 1.0)])
def test_gate_stays_in_its_range(kind: type, start: str, top: float) -> None:
    module = kind(16, start=start)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=2)
    module, x = module.double(), torch.randn(8, 16, 1, 1) + torch.randn(8, 16, 3, 3).double()
    gate = module(x) / x
    assert gate.min() >= 0
    assert gate.max() <= top + 1e-6
    assert gate.std() > 0.05 * top


def test_adaptive_kernel_follows_equation_12() -> None:
    sizes = {c: adaptive_kernel(c) for c in (1, 16, 64, 128, 256, 512, 1024, 2048)}
    assert sizes == {1: 1, 16: 3, 64: 3, 128: 5, 256: 5, 512: 5, 1024: 5, 2048: 7}


def test_efficient_channel_gate_sees_only_near_channels() -> None:
    module = EfficientChannelAttention(16, kernel_size=3, start="paper")
    x = torch.ones(1, 16, 2, 2)
    y = module(x)
    x[:, 8] = 5.0
    changed = (module(x) / x != y).flatten(2).any(2)[0].nonzero().flatten().tolist()
    assert changed == [7, 8, 9]


def test_efficient_channel_attention_is_a_convolution_over_channels() -> None:
    module, x = (
        EfficientChannelAttention(16, kernel_size=5, start="paper"),
        torch.randn(2, 16, 3, 3),
    )
    kernel = module.channel.band.weight.view(1, 1, 5)
    logits = torch.conv1d(x.mean((2, 3))[:, None], kernel, padding=2)[:, 0]
    torch.testing.assert_close(module(x), x * torch.sigmoid(logits)[:, :, None, None])


def test_kernel_that_is_even_or_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="kernel_size is 4"):
        EfficientChannelAttention(16, kernel_size=4)
    with pytest.raises(ValueError, match="kernel_size is 'auto'; allowed: adaptive"):
        EfficientChannelAttention(16, kernel_size="auto")


@pytest.mark.parametrize("kind", [AverageMaxLogits, BottleneckLogits])
def test_channel_logits_are_one_value_a_channel(kind: type) -> None:
    assert kind(12, 2)(torch.randn(3, 12, 5, 2)).shape == (3, 12, 1, 1)


def test_average_max_counts_a_flat_map_twice() -> None:
    module, flat = AverageMaxLogits(8, 2), torch.randn(2, 8, 1, 1)
    once = module.expand(torch.relu(module.reduce(flat.flatten(1))))
    torch.testing.assert_close(module(flat.expand(2, 8, 3, 4)).flatten(1), 2 * once)

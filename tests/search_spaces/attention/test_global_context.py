from __future__ import annotations

import pytest
import timm.layers
import torch
import torch.nn as nn

from search_spaces.attention.global_context import DoubleAttention, GlobalContext


def randomised(module: nn.Module) -> nn.Module:
    module = module.double().eval()
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


def test_double_attention_shares_one_set_of_descriptors() -> None:
    module = randomised(DoubleAttention(8, n_ratio=2))
    x = torch.randn(2, 8, 4, 5, dtype=torch.float64)
    alike = x.clone()
    alike[..., 0, 0] = alike[..., 3, 4]
    added = module(alike) - alike
    torch.testing.assert_close(added[..., 0, 0], added[..., 3, 4])


def test_a_single_descriptor_is_the_same_for_every_position() -> None:
    module = randomised(DoubleAttention(1))
    added = module(x := torch.randn(2, 1, 4, 5, dtype=torch.float64)) - x
    torch.testing.assert_close(added, added[..., :1, :1].expand_as(added))


def test_double_attention_ratios_set_two_widths() -> None:
    module = DoubleAttention(64, m_ratio=2, n_ratio=8)
    assert module.widths == [32, 8, 8]
    assert module.out.in_channels == 32


@pytest.mark.parametrize("fusion", ["add", "scale"])
@pytest.mark.parametrize("pool", ["attention", "average"])
def test_global_context_is_one_vector_an_image(pool: str, fusion: str) -> None:
    module = randomised(GlobalContext(12, pool=pool, fusion=fusion))
    x = torch.randn(3, 12, 4, 5, dtype=torch.float64)
    change = module(x) - x if fusion == "add" else module(x) / x
    torch.testing.assert_close(change, change[..., :1, :1].expand_as(change))
    assert change.std() > 0.01


def test_global_context_pools_by_attention_or_evenly() -> None:
    x = torch.randn(3, 12, 4, 5)
    even = GlobalContext(12, pool="average").context(x)
    torch.testing.assert_close(even, x.mean((2, 3)))
    module = GlobalContext(12)
    nn.init.zeros_(module.key.weight)
    torch.testing.assert_close(module.context(x), even)
    nn.init.constant_(module.key.weight, 100.0)
    position = x.sum(1).flatten(1).argmax(1)
    expected = torch.stack([image[:, p] for image, p in zip(x.flatten(2), position, strict=True)])
    torch.testing.assert_close(module.context(x), expected)


def test_scale_fusion_starts_at_one_half_in_the_paper_and_at_one_here() -> None:
    x = torch.randn(2, 12, 4, 5)
    assert torch.equal(GlobalContext(12, fusion="scale", start="paper")(x), x / 2)
    assert torch.equal(GlobalContext(12, fusion="scale")(x), x)


def test_unknown_words_are_refused() -> None:
    with pytest.raises(ValueError, match="pool is 'max'; allowed: attention, average"):
        GlobalContext(12, pool="max")
    with pytest.raises(ValueError, match="fusion is 'mul'; allowed: add, scale"):
        GlobalContext(12, fusion="mul")
    with pytest.raises(ValueError, match="ratio is 0"):
        DoubleAttention(12, n_ratio=0)


@pytest.mark.parametrize("pool", ["attention", "average"])
@pytest.mark.parametrize("fusion", ["add", "scale"])
def test_global_context_equals_timm(pool: str, fusion: str) -> None:
    ours = GlobalContext(32, pool=pool, fusion=fusion, ratio=4, start="paper")
    for parameter in ours.parameters():
        nn.init.normal_(parameter, std=0.5)
    add = fusion == "add"
    theirs = timm.layers.GlobalContext(
        32, use_attn=pool == "attention", fuse_add=add, fuse_scale=not add, rd_channels=8
    )
    mlp = theirs.mlp_add if add else theirs.mlp_scale
    mlp.norm.eps = ours.norm.eps
    pairs = [(mlp.fc1, ours.reduce), (mlp.norm, ours.norm), (mlp.fc2, ours.expand)]
    if pool == "attention":
        pairs.append((theirs.conv_attn, ours.key))
    for their_layer, our_layer in pairs:
        their_layer.weight.data = our_layer.weight.data.view_as(their_layer.weight)
        their_layer.bias.data = our_layer.bias.data
    x = torch.randn(2, 32, 5, 4)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-5)

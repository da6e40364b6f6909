from __future__ import annotations

from typing import get_args

import pytest
import torch
import torch.nn as nn

from search_spaces.attention.compose import (
    BottleneckAttention,
    Composition,
    ConvolutionalBlockAttention,
)
from search_spaces.catalogue import COMPOSITIONS

#: The largest gate of a composition, in units of the largest single gate.
TOP = {"serial_cs": 2, "serial_sc": 2, "par_prod": 2, "par_max": 1, "par_logit_sum": 1}
TOP["par_logit_prod"] = 1


def random_gate(module: nn.Module) -> torch.Tensor:
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.7)
    x = torch.rand(4, 12, 6, 5) + 0.5
    return module(x) / x


def test_compositions_are_the_catalogues() -> None:
    assert get_args(Composition) == COMPOSITIONS


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_cbam_gate_stays_in_its_range(composition: Composition) -> None:
    for start, one in (("identity", 2.0), ("paper", 1.0)):
        gate = random_gate(ConvolutionalBlockAttention(12, composition=composition, start=start))
        top = 2.0 if composition == "par_sum" else one ** TOP[composition]
        assert gate.min() >= 0
        assert gate.max() <= top + 1e-5
        assert gate.std() > 0.02


def test_compositions_are_seven_different_things() -> None:
    x, outputs = torch.randn(2, 12, 6, 5), []
    for composition in COMPOSITIONS:
        module = ConvolutionalBlockAttention(12, composition=composition, start="paper")
        generator = torch.Generator().manual_seed(0)
        for parameter in module.parameters():
            nn.init.normal_(parameter, std=0.7, generator=generator)
        outputs.append(module(x))
    for i, one in enumerate(outputs):
        assert all((one - other).abs().max() > 1e-3 for other in outputs[:i])


@pytest.mark.parametrize("kind", [ConvolutionalBlockAttention, BottleneckAttention])
def test_unknown_composition_is_refused(kind: type) -> None:
    with pytest.raises(ValueError, match=r"composition is 'par'; allowed: .*par_logit_sum"):
        kind(12, composition="par")


def test_bam_refuses_what_only_cbam_does() -> None:
    with pytest.raises(ValueError, match="composition is 'serial_cs'"):
        BottleneckAttention(12, composition="serial_cs")


def test_cbam_paper_start_is_the_official_one() -> None:
    module = ConvolutionalBlockAttention(16, start="paper")
    x = torch.randn(2, 16, 5, 5)
    s = torch.sigmoid(module.channel(x))
    torch.testing.assert_close(module(x), 0.5 * s * x)
    assert not module.channel.reduce.bias.any()


@pytest.mark.parametrize("kind", [ConvolutionalBlockAttention, BottleneckAttention])
def test_product_of_logits_does_not_start_at_a_saddle(kind: type) -> None:
    module = kind(12, composition="par_logit_prod")
    module(torch.randn(4, 12, 5, 5)).square().sum().backward()
    assert any(p.grad is not None and p.grad.any() for p in module.spatial.parameters())


@pytest.mark.parametrize("composition", ["par_logit_sum", "par_logit_prod"])
def test_bam_paper_start_adds_and_identity_start_may_remove(composition: str) -> None:
    paper = random_gate(BottleneckAttention(12, composition=composition, start="paper"))
    assert paper.min() >= 1 - 1e-6
    assert paper.max() <= 2 + 1e-6
    identity = random_gate(BottleneckAttention(12, composition=composition))
    assert identity.min() >= -1e-6
    assert identity.max() <= 2 + 1e-6
    assert identity.min() < 0.9


@pytest.mark.parametrize("size", [(3, 9), (9, 3), (2, 2)])
def test_bam_hears_every_column_of_a_map_that_is_not_square(size: tuple[int, int]) -> None:
    module = BottleneckAttention(8, start="paper").double().eval()
    for parameter in module.parameters():
        nn.init.uniform_(parameter, 0.1, 0.3)
    x = torch.rand(1, 8, *size, dtype=torch.float64)
    logits = module.channel(x)
    for row, column in ((0, size[1] - 1), (size[0] - 1, 0)):
        other = x.clone()
        other[..., row, column] += 1
        assert not torch.equal(module.channel(other), logits)

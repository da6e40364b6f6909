from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, get_args

import pytest
import torch
import torch.nn as nn

from search_spaces.attention.channel import EfficientChannelAttention, SqueezeExcite
from search_spaces.attention.compose import (
    BottleneckAttention,
    Composition,
    ConcurrentSqueezeExcite,
    ConvolutionalBlockAttention,
)
from search_spaces.attention.factorised import ChannelGate, FactorisedGate, SpatialGate
from search_spaces.attention.global_context import GlobalContext
from search_spaces.attention.polarized import PolarizedSelfAttention
from search_spaces.catalogue import attention_type, complete
from tests.contracts.reference_factorised import factorised

BOTH = get_args(Composition)


def points() -> Iterator[dict[str, Any]]:
    """Every distinct choice of parts, with small widths."""
    small = {"ratio": 3, "spatial_ratio": 3, "kernel_size": 3, "dilation": 2}
    channels, spatials = get_args(ChannelGate), get_args(SpatialGate)
    ways = [("channel_only", c, "cbam") for c in channels]
    ways += [("spatial_only", "cbam", s) for s in spatials]
    ways += [*itertools.product(BOTH, channels, spatials)]
    for (how, channel, spatial), residual in itertools.product(ways, (False, True)):
        parts = {"composition": how, "channel": channel, "spatial": spatial, "residual": residual}
        yield parts | small


POINTS = list(points())


def randomised(module: nn.Module) -> nn.Module:
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module.double().eval()


def test_all_points_are_seen() -> None:
    choices = {complete("gate", point) for point in POINTS}
    assert len(choices) == len(POINTS) == 2 * (6 + 4 + 7 * 6 * 4)
    for name in ("composition", "channel", "spatial", "residual"):
        axis = attention_type("gate").axis(name)
        assert axis is not None
        assert set(axis.values) == {point[name] for point in POINTS}


def test_every_point_equals_the_formula() -> None:
    x = torch.randn(2, 5, 2, 3, dtype=torch.float64)
    for point, start in zip(POINTS, itertools.cycle(("identity", "paper", "paper")), strict=False):
        module = randomised(FactorisedGate(5, **point, start=start))
        expected = factorised(module.state_dict(), point, start, False, x)
        torch.testing.assert_close(module(x), expected, msg=lambda m, p=point: f"{p}: {m}")


def test_every_point_starts_as_identity() -> None:
    x = torch.randn(2, 5, 2, 3)
    for point in POINTS:
        assert torch.equal(FactorisedGate(5, **point)(x), x), point


@pytest.mark.parametrize("start", ["identity", "paper"])
def test_no_product_of_logits_starts_at_a_saddle(start: str) -> None:
    x = torch.randn(2, 5, 2, 3)
    for point in POINTS:
        if point["composition"] == "par_logit_prod":
            module = FactorisedGate(5, **point, start=start)
            module(x).square().sum().backward()
            slopes = [p.grad for p in module.parameters() if p.grad is not None]
            assert any(slope.any() for slope in slopes), point


@pytest.mark.parametrize("start", ["identity", "paper"])
@pytest.mark.parametrize(
    ("named", "point"),
    [
        (SqueezeExcite, {"composition": "channel_only", "channel": "se"}),
        (EfficientChannelAttention, {"composition": "channel_only", "channel": "eca"}),
        (ConvolutionalBlockAttention, {}),
        (ConcurrentSqueezeExcite,
         {"composition": "par_sum", "channel": "se", "spatial": "conv1x1", "ratio": 2}),
        (PolarizedSelfAttention,
         {"composition": "par_sum", "channel": "psa", "spatial": "psa", "ratio": 2,
          "spatial_ratio": 2}),
    ],
)  # fmt: skip
def test_published_modules_are_points(named: type, point: dict[str, Any], start: str) -> None:
    module, gate = named(32, start=start), FactorisedGate(32, **point, start=start)
    equal(module, gate)


@pytest.mark.parametrize("composition", BOTH)
def test_cbam_is_a_point_in_every_composition(composition: Composition) -> None:
    module = ConvolutionalBlockAttention(32, composition=composition, kernel_size=3, ratio=4)
    equal(module, FactorisedGate(32, composition=composition, kernel_size=3, ratio=4))


@pytest.mark.parametrize("order", ["parallel", "sequential"])
def test_polarized_attention_is_a_point_in_both_orders(order: str) -> None:
    composition = {"parallel": "par_sum", "sequential": "serial_cs"}[order]
    gate = FactorisedGate(
        32, composition=composition, channel="psa", spatial="psa", ratio=4, spatial_ratio=4
    )
    equal(PolarizedSelfAttention(32, order=order, ratio=4), gate)


@pytest.mark.parametrize("start", ["identity", "paper"])
def test_global_context_that_scales_is_a_point(start: str) -> None:
    module = GlobalContext(32, fusion="scale", start=start)
    gate = FactorisedGate(32, composition="channel_only", channel="gc", start=start)
    holder = nn.Module()
    holder.channel = module
    equal(module, gate, holder)


@pytest.mark.parametrize("composition", ["par_logit_sum", "par_logit_prod"])
@pytest.mark.parametrize(("start", "residual"), [("paper", True), ("identity", False)])
def test_bam_is_a_point(composition: Composition, start: str, residual: bool) -> None:
    parts = {"channel": "bam", "spatial": "bam", "residual": residual, "start": start}
    gate = FactorisedGate(32, composition=composition, **parts)
    equal(BottleneckAttention(32, composition=composition, start=start), gate)


def equal(module: nn.Module, gate: FactorisedGate, named: nn.Module | None = None) -> None:
    """The same weights under the same names give the same output."""
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    gate.load_state_dict((named or module).state_dict())
    x = torch.randn(3, 32, 5, 4)
    torch.testing.assert_close(gate(x), module(x))
    assert (gate(x) - x).abs().max() > 0.05


@pytest.mark.parametrize(("start", "low", "high"), [("identity", 0.5, 1.5), ("paper", 1.0, 2.0)])
def test_residual_never_closes(start: str, low: float, high: float) -> None:
    module = FactorisedGate(8, composition="channel_only", channel="se", residual=True, start=start)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=5)
    x = torch.rand(8, 8, 2, 2) + 0.5
    gate = module(x) / x
    assert low - 1e-5 <= gate.min() < low + 0.1
    assert high - 0.1 < gate.max() <= high + 1e-5


@pytest.mark.parametrize(
    ("axis", "says"),
    [
        ("composition", "composition is 'x'; allowed: channel_only, spatial_only, serial_cs"),
        ("channel", "channel is 'x'; allowed: se, eca, cbam, bam, gc, psa"),
        ("spatial", "spatial is 'x'; allowed: cbam, bam, conv1x1, psa"),
    ],
)
def test_unknown_parts_are_refused(axis: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        FactorisedGate(8, **{axis: "x"})


def test_only_the_axes_of_the_parts_exist() -> None:
    alone = complete("gate", {"composition": "channel_only", "channel": "eca"}).as_dict()
    assert set(alone) == {"composition", "channel", "residual", "channel_kernel"}
    other = complete("gate", {"composition": "spatial_only", "spatial": "bam"}).as_dict()
    assert set(other) == {"composition", "spatial", "residual", "spatial_ratio", "dilation"}

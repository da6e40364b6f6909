from __future__ import annotations

import pytest
import torch
import torch.nn as nn

from search_spaces.attention.second_order import (
    CovarianceLogits,
    GridCovarianceLogits,
    SecondOrderPooling,
    covariance,
)

VARIANTS = ["channel", "spatial", "average", "maximum"]


def test_covariance_is_torchs_without_bessels_correction() -> None:
    rows = torch.randn(3, 5, 20, dtype=torch.float64)
    expected = torch.stack([torch.cov(one, correction=0) for one in rows])
    torch.testing.assert_close(covariance(rows), expected)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("start", "top"), [("identity", 2.0), ("paper", 1.0)])
def test_gate_stays_in_its_range(variant: str, start: str, top: float) -> None:
    module = SecondOrderPooling(16, variant=variant, width=8, start=start)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    x = torch.rand(4, 16, 6, 9) + 0.5
    gate = module(x) / x
    assert gate.min() >= 0
    assert gate.max() <= top + 1e-5
    assert gate.std() > 0.05 * top


def test_channel_gate_is_one_value_a_channel_and_spatial_one_a_position() -> None:
    x = torch.rand(2, 16, 6, 9) + 0.5
    s = SecondOrderPooling(16, variant="channel", start="paper")(x) / x
    m = SecondOrderPooling(16, variant="spatial", start="paper")(x) / x
    torch.testing.assert_close(s, s[..., :1, :1].expand_as(s))
    torch.testing.assert_close(m, m[:, :1].expand_as(m))


def test_channel_logits_know_no_order_of_positions() -> None:
    module, order = CovarianceLogits(16, 8).double().eval(), torch.randperm(30)
    x = torch.randn(2, 16, 6, 5, dtype=torch.float64)
    shuffled = x.flatten(2)[..., order].reshape(x.shape)
    torch.testing.assert_close(module(shuffled), module(x))


@pytest.mark.parametrize("size", [(1, 1), (3, 11), (8, 8), (17, 9)])
def test_cells_come_from_any_map(size: tuple[int, int]) -> None:
    module = GridCovarianceLogits(4, 2)
    assert module(torch.randn(2, 4, *size)).shape == (2, 1, 8, 8)


def test_average_and_maximum_are_of_the_two_gates() -> None:
    x, gates = torch.rand(2, 16, 8, 8) + 0.5, {}
    modules = {
        variant: SecondOrderPooling(16, variant=variant, start="paper") for variant in VARIANTS
    }
    weights = modules["average"].state_dict()
    for variant, module in modules.items():
        module.load_state_dict({name: weights[name] for name in module.state_dict()})
        gates[variant] = module.eval()(x) / x
    mean = (gates["channel"] + gates["spatial"]) / 2
    torch.testing.assert_close(gates["average"], mean)
    torch.testing.assert_close(gates["maximum"], torch.maximum(gates["channel"], gates["spatial"]))


def test_width_is_at_most_the_channels() -> None:
    assert SecondOrderPooling(16).channel.reduce[1].out_channels == 16
    assert SecondOrderPooling(256).channel.reduce[1].out_channels == 128


def test_refusals_name_value_and_what_is_allowed() -> None:
    with pytest.raises(ValueError, match="variant is 'concat'; allowed: channel, spatial, average"):
        SecondOrderPooling(16, variant="concat")
    with pytest.raises(ValueError, match="width is 0; allowed: an integer from 1"):
        SecondOrderPooling(16, width=0)

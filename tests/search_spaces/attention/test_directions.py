from __future__ import annotations

import pytest
import torch
import torch.nn as nn

from search_spaces.attention.directions import CoordinateAttention, TripletAttention


def random_weights(module: nn.Module) -> nn.Module:
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    return module.double().eval()


def test_triplet_has_300_parameters_whatever_the_channels() -> None:
    for channels in (16, 512):
        assert sum(p.numel() for p in TripletAttention(channels).parameters()) == 300
    assert sum(p.numel() for p in TripletAttention(8, kernel_size=3).parameters()) == 60


def test_triplet_turns_with_the_image() -> None:
    module, turned = (random_weights(TripletAttention(6, kernel_size=3)) for _ in range(2))
    swap = lambda w: w.transpose(2, 3)  # noqa: E731
    turned.load_state_dict(module.state_dict())
    # Rows for columns: the plane (C, W) becomes (H, C), whose two axes stand the other way round.
    turned.hc.load_state_dict(module.cw.state_dict())
    turned.cw.load_state_dict(module.hc.state_dict())
    for plane in (turned.cw, turned.hc, turned.hw):
        plane.conv.weight.data = swap(plane.conv.weight.data)
    x = torch.randn(2, 6, 5, 3, dtype=torch.float64)
    torch.testing.assert_close(turned(x.mT), module(x).mT)


@pytest.mark.parametrize(("branches", "planes"), [("all", 3), ("cross", 2)])
@pytest.mark.parametrize(("start", "top"), [("identity", 2.0), ("paper", 1.0)])
def test_triplet_gate_is_a_mean_of_gates(
    branches: str, planes: int, start: str, top: float
) -> None:
    module = TripletAttention(6, branches=branches, start=start).double()
    x = torch.rand(4, 6, 5, 5, dtype=torch.float64) + 0.5
    for plane in (module.cw, module.hc):
        nn.init.zeros_(plane.norm.weight)
        nn.init.constant_(plane.norm.bias, 50.0)
    if module.hw is not None:
        nn.init.zeros_(module.hw.norm.weight)
        nn.init.constant_(module.hw.norm.bias, -50.0)
    torch.testing.assert_close(module(x), x * top * 2 / planes)


def test_unknown_branches_are_refused() -> None:
    with pytest.raises(ValueError, match="branches is 'both'; allowed: all, cross"):
        TripletAttention(8, branches="both")


def test_coordinate_gate_is_a_product_of_one_row_and_one_column() -> None:
    x = torch.randn(2, 8, 5, 4, dtype=torch.float64)
    module = random_weights(CoordinateAttention(8))
    gate = module(x) / x
    rows, columns = gate[..., :1], gate[:, :, :1]
    torch.testing.assert_close(gate * gate[:, :, :1, :1], rows * columns)
    assert gate.std((2, 3)).min() > 1e-3


@pytest.mark.parametrize(("channels", "hidden"), [(64, 8), (512, 16), (6, 6)])
def test_coordinate_is_at_least_8_wide(channels: int, hidden: int) -> None:
    assert CoordinateAttention(channels).reduce.out_features == hidden

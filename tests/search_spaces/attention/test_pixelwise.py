from __future__ import annotations

import pytest
import torch
import torch.nn as nn

from search_spaces.attention.pixelwise import SimAM, SpatialGroupEnhance


def test_simam_is_the_official_formula() -> None:
    x, smooth = torch.randn(2, 4, 5, 6), 1e-2
    n = 5 * 6 - 1
    distance = (x - x.mean(dim=[2, 3], keepdim=True)).pow(2)
    inverse = distance / (4 * (distance.sum(dim=[2, 3], keepdim=True) / n + smooth)) + 0.5
    module = SimAM(4, regularization=smooth, start="paper")
    torch.testing.assert_close(module(x), x * torch.sigmoid(inverse))


def test_simam_opens_most_for_what_stands_out() -> None:
    x = torch.ones(1, 1, 4, 4)
    x[..., 2, 1] = 5.0
    gate = SimAM(1, start="paper")(x) / x
    assert gate.flatten().argmax() == 9
    assert gate.min() >= torch.sigmoid(torch.tensor(0.5))


def test_a_large_regularization_flattens_the_gate() -> None:
    x = torch.randn(1, 1, 6, 6)
    widths = [(SimAM(1, regularization=r, start="paper")(x) / x).std() for r in (1e-4, 0.1, 100.0)]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize("start", ["identity", "paper"])
def test_a_flat_map_has_a_gradient(start: str) -> None:
    for module in (SimAM(4, start=start), SpatialGroupEnhance(4, groups=2, start=start)):
        for parameter in module.parameters():
            nn.init.constant_(parameter, 0.7)
        x = torch.full((2, 4, 3, 3), 2.0, requires_grad=True)
        module(x).sum().backward()
        assert x.grad.isfinite().all()


def test_sge_is_the_official_formula_up_to_its_deviation() -> None:
    x, module = torch.randn(2, 12, 5, 6), SpatialGroupEnhance(12, groups=3, start="paper")
    nn.init.normal_(module.weight)
    parts = x.view(6, 4, 5, 6)
    t = (parts * parts.mean((2, 3), keepdim=True)).sum(1).view(6, -1)
    t = (t - t.mean(1, keepdim=True)) / t.std(1, correction=0, keepdim=True)
    t = t.view(2, 3, 5, 6) * module.weight.view(1, 3, 1, 1) + module.bias.view(1, 3, 1, 1)
    expected = (parts * torch.sigmoid(t).view(6, 1, 5, 6)).view_as(x)
    torch.testing.assert_close(module(x), expected, rtol=1e-3, atol=1e-3)


def test_sge_paper_start_is_the_official_one() -> None:
    x = torch.randn(2, 8, 3, 3)
    module = SpatialGroupEnhance(8, groups=4, start="paper")
    torch.testing.assert_close(module(x), x * torch.sigmoid(torch.tensor(1.0)))


@pytest.mark.parametrize(("channels", "groups", "made"), [(64, 64, 64), (48, 64, 16), (5, 3, 1)])
def test_sge_takes_groups_that_divide(channels: int, groups: int, made: int) -> None:
    assert SpatialGroupEnhance(channels, groups=groups).groups == made


def test_values_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="regularization is 0"):
        SimAM(4, regularization=0)
    with pytest.raises(ValueError, match="groups is 0"):
        SpatialGroupEnhance(4, groups=0)

import pytest
import torch
from torch import nn

from workers.attention_readings import ChannelMeans, change, gate_mask, reach, varies


@pytest.fixture
def x():
    return torch.randn(2, 3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_a_mask_over_positions_is_found_exactly(x):
    mask = torch.rand(2, 1, 4, 5, dtype=torch.float64)
    y = mask * x
    assert torch.allclose(gate_mask(x, y), mask[:, 0])
    assert varies(x, y, 2) and not varies(x, y, 1)


def test_weights_of_channels_are_found_exactly_and_averaged_by_class(x):
    weights = torch.rand(2, 3, 1, 1, dtype=torch.float64)
    y = weights * x
    assert varies(x, y, 1) and not varies(x, y, 2)
    means = ChannelMeans()
    means.add("a", x, y)
    means.add("a", x[:1], y[:1])
    found = means.by_class(torch.tensor([7, 1, 1]))["a"]
    assert list(found) == [1, 7]
    assert torch.allclose(found[7], weights[0, :, 0, 0])
    assert torch.allclose(found[1], weights[:, :, 0, 0].mean(0))


def test_a_gate_that_is_one_number_varies_nowhere_and_zeros_say_nothing(x):
    x[:, 1] = 0
    x[:, :, 0] = 0
    y = 0.25 * x
    assert not varies(x, y, 1) and not varies(x, y, 2)
    assert gate_mask(x, y)[0, 0].eq(0).all() and torch.allclose(
        gate_mask(x, y)[:, 1:], torch.tensor(0.25, dtype=torch.float64)
    )
    means = ChannelMeans()
    means.add("constant", x, y)
    means.add("dead", x, x * torch.tensor([1.0, 2.0, 3.0])[:, None, None])
    found = means.by_class(torch.tensor([0, 0]))
    assert list(found) == ["dead"] and found["dead"][0].isnan().tolist() == [False, True, False]


def test_change_is_the_added_length_over_the_typical_one():
    x = torch.full((1, 4, 2, 2), 3.0, dtype=torch.float64)
    y = x.clone()
    y[0, :, 0, 1] += 1.5
    assert torch.allclose(change(x, y), torch.tensor([[[0.0, 0.5], [0.0, 0.0]]]).double())
    assert change(torch.zeros_like(x), torch.zeros_like(x)).eq(0).all()


class AddsTwo(nn.Module):
    """Adds to every position what stands at two places, three times as much of the second."""

    def forward(self, x):
        return x + x[:, :, :1, :1] + 3 * x[:, :, 2:3, 3:4]


def test_reach_finds_where_the_centre_s_addition_comes_from(x):
    found = reach(AddsTwo(), x)
    assert torch.allclose(found.sum((1, 2)), torch.ones(2, dtype=torch.float64))
    assert torch.allclose(found[:, 0, 0], torch.full((2,), 0.25, dtype=torch.float64))
    assert torch.allclose(found[:, 2, 3], torch.full((2,), 0.75, dtype=torch.float64))


def test_reach_of_what_adds_nothing_is_zero(x):
    assert reach(nn.Identity(), x).eq(0).all()

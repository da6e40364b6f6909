from __future__ import annotations

import pytest
import torch
import torch.nn as nn

from search_spaces.attention.softmax_gates import SpatialChannelAttention, shares


@pytest.mark.parametrize("count", [1, 3, 49, 1000])
def test_shares_are_a_softmax_times_its_entries(count: int) -> None:
    scores = 30 * torch.randn(2, count, 1)
    torch.testing.assert_close(shares(scores, 1), count * scores.softmax(1))
    assert torch.equal(shares(torch.full((2, count), 7.7), 1), torch.ones(2, count))


def test_shares_of_far_scores_stay_finite() -> None:
    scores = torch.tensor([[1e4, -1e4, 0.0]], requires_grad=True)
    weights = shares(scores, 1)
    torch.testing.assert_close(weights, torch.tensor([[3.0, 0.0, 0.0]]))
    weights.sum().backward()
    assert scores.grad.isfinite().all()


@pytest.mark.parametrize("order", ["cs", "sc"])
def test_both_gates_are_1_on_average(order: str) -> None:
    module = SpatialChannelAttention(6, hidden=8, order=order)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    x = torch.randn(2, 6, 4, 3)
    torch.testing.assert_close(module.channel(x).mean(1), torch.ones(2, 1, 1))
    torch.testing.assert_close(module.spatial(x).mean((2, 3)), torch.ones(2, 1))


def test_channel_scores_know_no_order() -> None:
    module, order = SpatialChannelAttention(6, hidden=8).channel, torch.randperm(6)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    x = torch.randn(2, 6, 4, 3)
    torch.testing.assert_close(module(x[:, order]), module(x)[:, order])


def test_orders_are_two_things() -> None:
    x, outputs = torch.randn(2, 6, 4, 3), []
    for order in ("cs", "sc"):
        torch.manual_seed(0)
        module = SpatialChannelAttention(6, hidden=8, order=order)
        for parameter in module.parameters():
            nn.init.normal_(parameter)
        outputs.append(module(x))
    assert (outputs[0] - outputs[1]).abs().max() > 0.1


def test_arguments_are_checked() -> None:
    with pytest.raises(ValueError, match="order is 'ss'; allowed: cs, sc"):
        SpatialChannelAttention(8, order="ss")
    with pytest.raises(ValueError, match="hidden is 0"):
        SpatialChannelAttention(8, hidden=0)

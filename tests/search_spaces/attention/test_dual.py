from __future__ import annotations

import pytest
import torch
import torch.nn as nn

from search_spaces.attention.dual import DualAttention


def randomised(channels: int, **axes: object) -> DualAttention:
    module = DualAttention(channels, **axes).double()
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


@pytest.mark.parametrize("branch", ["position", "channel", "both"])
def test_positions_have_no_order(branch: str) -> None:
    module, order = randomised(8, branch=branch), torch.randperm(20)
    x = torch.randn(2, 8, 5, 4, dtype=torch.float64)

    def shuffled(x: torch.Tensor) -> torch.Tensor:
        return x.flatten(2)[..., order].reshape(x.shape)

    torch.testing.assert_close(module(shuffled(x)), shuffled(module(x)))


def test_channels_have_no_order_among_themselves() -> None:
    module, order = randomised(8, branch="channel"), torch.randperm(8)
    x = torch.randn(2, 8, 5, 4, dtype=torch.float64)
    torch.testing.assert_close(module(x[:, order]), module(x)[:, order])


def test_both_is_the_sum_of_the_two() -> None:
    module = randomised(8)
    x = torch.randn(2, 8, 5, 4, dtype=torch.float64)
    apart = module.position_weight * module.by_positions(x)
    apart = apart + module.channel_weight * module.by_channels(x)
    torch.testing.assert_close(module(x), x + apart)


def test_a_channel_listens_to_the_least_similar_one() -> None:
    x = torch.tensor([1.0, 0.9, -1.0])[None, :, None, None].expand(1, 3, 6, 6)
    gathered = DualAttention(3, branch="channel").by_channels(x)
    torch.testing.assert_close(gathered[0, 0], x[0, 2], rtol=0, atol=1e-4)
    torch.testing.assert_close(gathered[0, 2], x[0, 0], rtol=0, atol=0.1)


@pytest.mark.parametrize(("scale", "low", "high"), [(False, 0.0, 0.4), (True, 0.8, 1.0)])
def test_scale_spreads_the_weights_of_channels(scale: bool, low: float, high: float) -> None:
    module = DualAttention(32, branch="channel", scale=scale)
    x = torch.randn(32, 1024)
    weights = (-(x @ x.T) * (1024**-0.5 if scale else 1.0)).softmax(-1)
    entropy = -(weights * weights.clamp_min(1e-30).log()).sum(1).mean() / torch.tensor(32.0).log()
    assert low <= entropy <= high
    gathered = module.by_channels(x.view(1, 32, 32, 32))
    torch.testing.assert_close(gathered.flatten(2)[0], weights @ x, rtol=1e-3, atol=1e-3)


def test_unknown_branch_is_refused() -> None:
    with pytest.raises(ValueError, match="branch is 'sum'; allowed: position, channel, both"):
        DualAttention(8, branch="sum")

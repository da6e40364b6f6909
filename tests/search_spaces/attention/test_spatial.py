from __future__ import annotations

import pytest
import torch

from search_spaces.attention.spatial import DilatedLogits, StatisticsLogits, channel_maximum


@pytest.mark.parametrize("size", [(3, 5), (32, 17)])
def test_channel_maximum_of_small_and_large_maps(size: tuple[int, int]) -> None:
    x = torch.randn(2, 6, *size)
    assert torch.equal(channel_maximum(x), x.max(dim=1).values)


def test_statistics_logits_know_no_order_of_channels() -> None:
    module, x = StatisticsLogits(3).eval(), torch.randn(2, 8, 5, 4)
    y = module(x)
    assert y.shape == (2, 1, 5, 4)
    torch.testing.assert_close(module(x[:, torch.randperm(8)]), y)


def test_even_kernel_is_refused() -> None:
    with pytest.raises(ValueError, match="kernel_size is 6"):
        StatisticsLogits(6)


@pytest.mark.parametrize("dilation", [1, 2, 4])
def test_dilated_logits_see_two_dilated_steps_and_no_further(dilation: int) -> None:
    module = DilatedLogits(4, 2, dilation).double().eval()
    for parameter in module.parameters():
        torch.nn.init.uniform_(parameter, 0.1, 1.0)
    x = torch.rand(1, 4, 1, 25, dtype=torch.float64)
    y = module(x)
    x[..., 12] += 1
    changed = (module(x) != y).flatten().nonzero().flatten().tolist()
    assert changed == [12 + step * dilation for step in (-2, -1, 0, 1, 2)]

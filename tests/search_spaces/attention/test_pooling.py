from __future__ import annotations

import pytest
import torch
import torch.nn as nn

from search_spaces.attention.pooling import attention_pool, mean, position_logits


def test_position_logits_are_a_1x1_convolution() -> None:
    layer, x = nn.Linear(6, 1), torch.randn(2, 6, 3, 4)
    conv = torch.conv2d(x, layer.weight[..., None, None], layer.bias)
    torch.testing.assert_close(position_logits(x, layer), conv.flatten(2))


def test_a_key_of_zeros_pools_the_mean() -> None:
    key, x = nn.Linear(6, 1), torch.randn(2, 6, 3, 4)
    nn.init.zeros_(key.weight)
    torch.testing.assert_close(attention_pool(x, key), x.mean((2, 3)))


def test_a_large_key_pools_the_best_position() -> None:
    key, x = nn.Linear(6, 1), torch.randn(2, 6, 3, 4)
    nn.init.constant_(key.weight, 1e4)
    best = x.sum(1).flatten(1).argmax(1)
    expected = torch.stack([image.flatten(1)[:, j] for image, j in zip(x, best, strict=True)])
    torch.testing.assert_close(attention_pool(x, key), expected)


@pytest.mark.parametrize("dims", [(1,), (3,), (2, 3)])
def test_mean_and_its_gradient_are_torchs(dims: tuple[int, ...]) -> None:
    x = torch.randn(2, 6, 3, 4, requires_grad=True)
    torch.testing.assert_close(mean(x, *dims), x.mean(dims))
    slopes = [torch.autograd.grad(m.square().sum(), x)[0] for m in (mean(x, *dims), x.mean(dims))]
    torch.testing.assert_close(*slopes)

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch
import torch.nn as nn
from torch.utils._python_dispatch import TorchDispatchMode

from search_spaces.attention.context import Mode, NonLocal

MODES = get_args(Mode)


class LargestTensor(TorchDispatchMode):
    """Remembers the most elements that any operation gave."""

    numel = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor):
            self.numel = max(self.numel, out.numel())
        return out


def randomised(**axes: Any) -> NonLocal:
    module = NonLocal(8, **axes).double().eval()
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


@pytest.mark.parametrize("mode", MODES)
def test_positions_have_no_order(mode: Mode) -> None:
    module, order = randomised(mode=mode), torch.randperm(20)
    x = torch.randn(2, 8, 5, 4, dtype=torch.float64)

    def shuffled(x: torch.Tensor) -> torch.Tensor:
        return x.flatten(2)[..., order].reshape(x.shape)

    torch.testing.assert_close(module(shuffled(x)), shuffled(module(x)))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(1, 6), (7, 1), (1, 1), (5, 3)])
def test_subsampling_takes_any_size(mode: Mode, size: tuple[int, int]) -> None:
    x = torch.randn(2, 8, *size, dtype=torch.float64)
    y = randomised(mode=mode, subsample=2)(x)
    assert y.shape == x.shape
    assert y.isfinite().all()


@pytest.mark.parametrize(("mode", "most"), [("concatenation", 24**4), ("dot_product", 8 * 24**2)])
def test_pairs_are_never_listed_with_their_features(mode: Mode, most: int) -> None:
    module = NonLocal(8, mode=mode)
    with LargestTensor() as seen:
        module(torch.randn(1, 8, 24, 24)).sum().backward()
    assert seen.numel == most


@pytest.mark.parametrize("mode", ["dot_product", "concatenation"])
def test_scale_is_refused_where_nothing_is_scaled(mode: Mode) -> None:
    with pytest.raises(ValueError, match=f"scale is for the gaussian forms; mode is '{mode}'"):
        NonLocal(8, mode=mode, scale=True)


def test_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="mode is 'embedded'; allowed: gaussian, embedded_gauss"):
        NonLocal(8, mode="embedded")


def test_scale_tames_the_gaussian_form() -> None:
    x = torch.relu(torch.randn(1, 64, 8, 8))

    def self_weight(scale: float) -> float:
        logits = scale * x.flatten(2).transpose(1, 2) @ x.flatten(2)
        return logits.softmax(-1).diagonal(dim1=1, dim2=2).mean().item()

    module = NonLocal(64, mode="gaussian", scale=True)
    assert self_weight(1.0) > 0.9
    assert self_weight(module.logit_scale) < 0.5

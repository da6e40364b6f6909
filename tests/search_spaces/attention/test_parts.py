from __future__ import annotations

import pytest
import torch
import torch.nn as nn
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.attention.parts import (
    MIN_HIDDEN,
    BatchNorm,
    check_positive,
    check_word,
    gate_scale,
    hidden_width,
    same_padding,
    zero,
)


@given(st.integers(1, 4096), st.integers(1, 4096))
def test_hidden_width_is_the_quotient_within_its_bounds(channels: int, ratio: int) -> None:
    width = hidden_width(channels, ratio)
    assert min(MIN_HIDDEN, channels) <= width <= channels
    if channels // ratio >= MIN_HIDDEN:
        assert width == channels // ratio


def test_ratio_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="ratio is 0"):
        hidden_width(8, 0)


@pytest.mark.parametrize("size", [-1, 0, 2, 8])
def test_kernel_size_that_cannot_keep_the_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"kernel_size is {size}; allowed: an odd integer"):
        same_padding(size)


def test_gate_scale_makes_an_identity_of_zero_logits() -> None:
    assert gate_scale("identity") * torch.sigmoid(torch.zeros(())) == 1
    assert gate_scale("paper") == 1


def test_check_word_names_value_and_allowed() -> None:
    with pytest.raises(ValueError, match="mode is 'a'; allowed: b, c"):
        check_word("mode", "a", ("b", "c"))


def test_check_positive_names_value_and_allowed() -> None:
    check_positive("heads", 1)
    with pytest.raises(ValueError, match="heads is 0; allowed: an integer from 1"):
        check_positive("heads", 0)


def test_zero_layer_gives_zero() -> None:
    layer = nn.Linear(3, 2)
    zero(layer)
    assert not layer(torch.randn(4, 3)).any()


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5, 4), (1, 3, 1, 2)])
def test_batch_norm_is_torchs_where_torch_has_one(shape: tuple[int, ...]) -> None:
    ours = BatchNorm(3)
    theirs = nn.BatchNorm1d(3) if len(shape) == 2 else nn.BatchNorm2d(3)
    x = torch.randn(shape)
    assert torch.equal(ours(x), theirs(x))
    for ours_state, theirs_state in zip(
        ours.state_dict().values(), theirs.state_dict().values(), strict=True
    ):
        assert torch.equal(ours_state, theirs_state)


@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 1, 1)])
def test_batch_norm_of_a_single_value_trains_by_running_statistics(shape: tuple[int, ...]) -> None:
    norm = BatchNorm(3)
    norm(torch.randn(8, 3))
    x, before = torch.randn(shape), norm.running_mean.clone()
    in_training = norm(x)
    assert torch.equal(norm.running_mean, before)
    assert torch.equal(in_training, norm.eval()(x))


def test_batch_norm_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match=r"got \(2, 3, 4\)"):
        BatchNorm(3)(torch.randn(2, 3, 4))

from __future__ import annotations

import pytest
import torch
import torch.nn as nn

from search_spaces.attention.criss_cross import CrissCrossAttention, without_self


def reached(recurrences: int) -> list[tuple[int, int]]:
    """Positions of a 4x5 map whose output changes with the input at row 1, column 2."""
    module = CrissCrossAttention(8, recurrences=recurrences).double()
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.2)
    x = torch.randn(1, 8, 4, 5, dtype=torch.float64)
    y = module(x)
    x[..., 1, 2] += 1
    changed = (module(x) - y).abs().sum(1)[0] > 1e-12
    return [(row, column) for row, column in changed.nonzero().tolist()]


def test_one_pass_reaches_the_row_and_the_column() -> None:
    cross = {(1, column) for column in range(5)} | {(row, 2) for row in range(4)}
    assert set(reached(1)) == cross


@pytest.mark.parametrize("recurrences", [2, 3])
def test_two_passes_reach_every_position(recurrences: int) -> None:
    assert len(reached(recurrences)) == 4 * 5


def test_equal_values_are_gathered_as_they_are() -> None:
    module = CrissCrossAttention(4, recurrences=1)
    nn.init.ones_(module.weight)
    nn.init.zeros_(module.project.weight[-4:])
    nn.init.ones_(module.project.bias[-4:])
    x = torch.randn(2, 4, 3, 6)
    torch.testing.assert_close(module(x), x + 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("size", [(1, 1), (1, 6), (5, 1)])
def test_a_line_or_a_point_has_weights_that_are_numbers(
    dtype: torch.dtype, size: tuple[int, int]
) -> None:
    module = CrissCrossAttention(8).to(dtype)
    nn.init.ones_(module.weight)
    y = module(torch.randn(2, 8, *size).to(dtype))
    y.float().square().sum().backward()
    assert y.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters())


def test_the_second_copy_of_a_position_gets_no_weight() -> None:
    weights = without_self(torch.randn(2, 3, 4, 4)).softmax(3)
    assert not weights.diagonal(dim1=2, dim2=3).any()
    torch.testing.assert_close(weights.sum(3), torch.ones(2, 3, 4))


def test_no_pass_is_refused() -> None:
    with pytest.raises(ValueError, match="recurrences is 0; allowed: an integer from 1"):
        CrissCrossAttention(8, recurrences=0)

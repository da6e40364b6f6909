"""What closed forms share. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from search_spaces.architecture import Value

Axes = Mapping[str, Value]


@dataclass(frozen=True)
class ClosedForm:
    """``params(axes, C)`` and ``flops(axes, C, H, W)`` of one type."""

    params: Callable[[Axes, int], int]
    flops: Callable[[Axes, int, int, int], int]


def hidden(axes: Axes, c: int) -> int:
    return min(c, max(4, c // int(axes["ratio"])))

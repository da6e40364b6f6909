"""Closed forms of what stands for a 3x3 convolution, with as many channels in as out. No torch."""

from __future__ import annotations

from math import gcd

from tests.search_spaces.forms_parts import Axes


def kernel_width(axes: Axes, c: int) -> int:
    return max(c // int(axes["ratio"]), int(axes["minimum"]))


def sk_params(axes: Axes, c: int) -> int:
    m, g, d = int(axes["paths"]), gcd(int(axes["groups"]), c), kernel_width(axes, c)
    return m * (9 * c * c // g + 2 * c) + c * d + 2 * d + m * d * c


def sk_flops(axes: Axes, c: int, height: int, width: int) -> int:
    m, g, d = int(axes["paths"]), gcd(int(axes["groups"]), c), kernel_width(axes, c)
    return 18 * m * c * c // g * height * width + 2 * c * d * (1 + m)


def split_sizes(axes: Axes, c: int) -> tuple[int, int, int, int]:
    """Radix, groups of the convolution, groups of the layers, hidden width."""
    r, k = int(axes["radix"]), int(axes["cardinality"])
    groups = gcd(k, c)
    hidden = max(c * r // int(axes["ratio"]), 32)
    return r, gcd(k * r, c), groups, -(-hidden // groups) * groups


def split_params(axes: Axes, c: int) -> int:
    r, g, k, i = split_sizes(axes, c)
    return 9 * c * c * r // g + 2 * c * r + c * i // k + i + 2 * i + i * c * r // k + c * r


def split_flops(axes: Axes, c: int, height: int, width: int) -> int:
    r, g, k, i = split_sizes(axes, c)
    return 18 * c * c * r // g * height * width + 2 * c * i * (1 + r) // k

"""Closed forms of the gates with a value for every position, and of the factorised gate."""

from __future__ import annotations

import math

from tests.search_spaces.forms_gates import band, se_flops, se_params
from tests.search_spaces.forms_parts import Axes, hidden


def planes(axes: Axes) -> int:
    return 3 if axes["branches"] == "all" else 2


def triplet_params(axes: Axes, c: int) -> int:
    return planes(axes) * (2 * int(axes["kernel_size"]) ** 2 + 2)


def triplet_flops(axes: Axes, c: int, height: int, width: int) -> int:
    cells = c * width + height * c + (height * width if axes["branches"] == "all" else 0)
    return 4 * int(axes["kernel_size"]) ** 2 * cells


def psa_channel_params(d: int, c: int) -> int:
    """Key, value and expansion with biases, layer norm."""
    return (c + 1) + (c * d + d) + (d * c + c) + 2 * c


def psa_params(axes: Axes, c: int) -> int:
    """``2C^2 + 5.5C + 1`` at a ratio of 2 that divides C."""
    d = hidden(axes, c)
    return psa_channel_params(d, c) + 2 * (c * d + d)


def psa_flops(axes: Axes, c: int, height: int, width: int) -> int:
    """Per branch, one product a position and two a channel and inner channel."""
    return 2 * (2 * c * height * width + 4 * c * hidden(axes, c))


def sca_params(axes: Axes, c: int) -> int:
    k = int(axes["hidden"])
    return (3 * k + 1) + (c * k + 2 * k + 1)


def sca_flops(axes: Axes, c: int, height: int, width: int) -> int:
    k = int(axes["hidden"])
    return 4 * c * k + 2 * (c * k + k) * height * width


def scse_params(axes: Axes, c: int) -> int:
    return se_params(axes, c) + c + 1


def scse_flops(axes: Axes, c: int, height: int, width: int) -> int:
    return se_flops(axes, c, height, width) + 2 * c * height * width


def coordinate_hidden(axes: Axes, c: int) -> int:
    return min(c, max(8, c // int(axes["ratio"])))


def coordinate_params(axes: Axes, c: int) -> int:
    h = coordinate_hidden(axes, c)
    return (c * h + h) + 2 * h + 2 * (h * c + c)


def coordinate_flops(axes: Axes, c: int, height: int, width: int) -> int:
    return 4 * c * coordinate_hidden(axes, c) * (height + width)


def simam_params(axes: Axes, c: int) -> int:
    return 1


def simam_flops(axes: Axes, c: int, height: int, width: int) -> int:
    return 0


def sge_params(axes: Axes, c: int) -> int:
    return 2 * math.gcd(c, int(axes["groups"]))


def sge_flops(axes: Axes, c: int, height: int, width: int) -> int:
    return 2 * c * height * width


def gate_params(axes: Axes, c: int) -> int:
    total = 0
    if "channel" in axes:
        h = hidden(axes, c) if "ratio" in axes else 0
        total += {
            "se": 2 * c * h + h + c,
            "eca": band({"kernel_size": axes.get("channel_kernel", "adaptive")}, c),
            "cbam": 2 * c * h + h + c,
            "bam": 2 * c * h + 3 * h + c,
            "gc": (c + 1) + 2 * c * h + 3 * h + c,
            "psa": psa_channel_params(h, c),
        }[str(axes["channel"])]
    if "spatial" in axes:
        h = hidden({"ratio": axes.get("spatial_ratio", 1)}, c)
        total += {
            "cbam": 2 * int(axes.get("kernel_size", 0)) ** 2 + 2,
            "bam": c * h + 3 * h + 2 * (9 * h * h + 3 * h) + h + 1,
            "conv1x1": c + 1,
            "psa": 2 * (c * h + h),
        }[str(axes["spatial"])]
    return total


def gate_flops(axes: Axes, c: int, height: int, width: int) -> int:
    n, total = height * width, 0
    if "channel" in axes:
        h = hidden(axes, c) if "ratio" in axes else 0
        total += {
            "se": 4 * c * h,
            "eca": 2 * band({"kernel_size": axes.get("channel_kernel", "adaptive")}, c) * c,
            "cbam": 8 * c * h,
            "bam": 4 * c * h,
            "gc": 2 * c * n + 4 * c * h,
            "psa": 2 * c * n + 4 * c * h,
        }[str(axes["channel"])]
    if "spatial" in axes:
        h = hidden({"ratio": axes.get("spatial_ratio", 1)}, c)
        total += {
            "cbam": 4 * int(axes.get("kernel_size", 0)) ** 2 * n,
            "bam": 2 * (c * h + 18 * h * h + h) * n,
            "conv1x1": 2 * c * n,
            "psa": 4 * c * h + 2 * c * n,
        }[str(axes["spatial"])]
    return total

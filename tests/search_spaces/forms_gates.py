"""Closed forms of the gates. No torch."""

from __future__ import annotations

import math

from tests.search_spaces.forms_parts import Axes, hidden


def band(axes: Axes, c: int) -> int:
    if axes["kernel_size"] != "adaptive":
        return int(axes["kernel_size"])
    t = int(abs((math.log2(c) + 1) / 2))
    return t if t % 2 else t + 1


def se_params(axes: Axes, c: int) -> int:
    h = hidden(axes, c)
    return 2 * c * h + h + c


def se_flops(axes: Axes, c: int, height: int, width: int) -> int:
    return 4 * c * hidden(axes, c)


def eca_flops(axes: Axes, c: int, height: int, width: int) -> int:
    return 2 * band(axes, c) * c


def asr_params(axes: Axes, c: int) -> int:
    """As trained: psi and what makes a gate of it; nothing is left once it is folded."""
    return c + (se_params(axes, c) if axes["channel"] == "se" else band(axes, c))


def asr_flops(axes: Axes, c: int, height: int, width: int) -> int:
    """As trained, of a batch of any size."""
    form = se_flops if axes["channel"] == "se" else eca_flops
    return form(axes, c, height, width)


def cbam_params(axes: Axes, c: int) -> int:
    return se_params(axes, c) + 2 * int(axes["kernel_size"]) ** 2 + 2


def cbam_flops(axes: Axes, c: int, height: int, width: int) -> int:
    return 8 * c * hidden(axes, c) + 4 * int(axes["kernel_size"]) ** 2 * height * width


def bam_params(axes: Axes, c: int) -> int:
    h = hidden(axes, c)
    channel = 2 * c * h + 3 * h + c
    spatial = c * h + 3 * h + 2 * (9 * h * h + 3 * h) + h + 1
    return channel + spatial


def bam_flops(axes: Axes, c: int, height: int, width: int) -> int:
    h = hidden(axes, c)
    return 4 * c * h + 2 * (c * h + 18 * h * h + h) * height * width


def gsop_params(axes: Axes, c: int) -> int:
    """Reduction and its norm, rows and theirs, 4 numbers a row, the last layer."""
    d = min(c, int(axes["width"]))
    reduce = c * d + 3 * d
    channel = reduce + 2 * d + (4 * d * d + 4 * d) + (4 * d * c + c)
    spatial = reduce + 2 * 64 + (4 * 64 * 64 + 4 * 64) + (4 * 64 * 64 + 64)
    return gsop_branches(axes, channel, spatial)


def gsop_flops(axes: Axes, c: int, height: int, width: int) -> int:
    d, n = min(c, int(axes["width"])), height * width
    channel = 2 * c * d * n + 2 * d * d * n + 8 * d * d + 8 * d * c
    spatial = 2 * c * d * n + 2 * 64 * 64 * d + 8 * 64 * 64 + 8 * 64 * 64
    return gsop_branches(axes, channel, spatial)


def gsop_branches(axes: Axes, channel: int, spatial: int) -> int:
    return {"channel": channel, "spatial": spatial}.get(str(axes["variant"]), channel + spatial)

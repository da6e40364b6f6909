"""Closed forms of the warps. No torch."""

from __future__ import annotations

from tests.search_spaces.forms_parts import Axes

NUMBERS = {"affine": 6, "scale_translation": 3, "similarity": 4}


def stn_weights(axes: Axes, c: int) -> int:
    h = int(axes["hidden"])
    return c * int(axes["pool"]) ** 2 * h + NUMBERS[str(axes["transform"])] * h


def stn_params(axes: Axes, c: int) -> int:
    return stn_weights(axes, c) + int(axes["hidden"]) + NUMBERS[str(axes["transform"])]


def stn_flops(axes: Axes, c: int, height: int, width: int) -> int:
    return 2 * stn_weights(axes, c)

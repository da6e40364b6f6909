"""Closed forms of the context types. No torch."""

from __future__ import annotations

from tests.search_spaces.forms_parts import Axes, hidden


def non_local_params(axes: Axes, c: int) -> int:
    d = hidden(axes, c)
    value_and_out = 2 * c * d + d + 3 * c
    pair = 2 * d if axes["mode"] == "concatenation" else 0
    return value_and_out + pair + (0 if axes["mode"] == "gaussian" else 2 * (c * d + d))


def non_local_flops(axes: Axes, c: int, height: int, width: int) -> int:
    """Of the cheaper order of the dot product; concatenation folds its pair weights first."""
    d, n, step = hidden(axes, c), height * width, int(axes["subsample"])
    m = max(1, height // step) * max(1, width // step)
    pairwise = {
        "gaussian": 2 * c * n * m + 2 * d * n * m,
        "embedded_gaussian": 2 * c * d * (n + m) + 4 * d * n * m,
        "dot_product": 2 * c * d * (n + m) + min(2 * d * d * (n + m), 4 * d * n * m),
        "concatenation": 4 * d * c + 2 * c * (n + m) + 2 * d * n * m,
    }
    return 2 * c * d * (m + n) + pairwise[str(axes["mode"])]


def reduced(axes: Axes, name: str, c: int) -> int:
    return hidden({"ratio": axes[name]}, c)


def a2_params(axes: Axes, c: int) -> int:
    """The three maps, the last convolution, its norm."""
    m, n = reduced(axes, "m_ratio", c), reduced(axes, "n_ratio", c)
    return (c * m + m) + 2 * (c * n + n) + (m * c + c) + 2 * c


def a2_flops(axes: Axes, c: int, height: int, width: int) -> int:
    """Two products of m x n x N; none of N x N."""
    m, n, positions = reduced(axes, "m_ratio", c), reduced(axes, "n_ratio", c), height * width
    return 2 * positions * (c * m + 2 * c * n + 2 * m * n + m * c)


def gc_params(axes: Axes, c: int) -> int:
    h = hidden(axes, c)
    key = c + 1 if axes["pool"] == "attention" else 0
    return key + 2 * c * h + 3 * h + c


def gc_flops(axes: Axes, c: int, height: int, width: int) -> int:
    """The weighted mean is pointwise."""
    key = 2 * c * height * width if axes["pool"] == "attention" else 0
    return key + 4 * c * hidden(axes, c)


def cca_params(axes: Axes, c: int) -> int:
    q = hidden(axes, c)
    return 2 * (c * q + q) + (c * c + c) + 1


def cca_flops(axes: Axes, c: int, height: int, width: int) -> int:
    """Every pass: projections, then H + W keys and values a position."""
    q = hidden(axes, c)
    once = 2 * c * (2 * q + c) + 2 * (height + width) * (q + c)
    return int(axes["recurrences"]) * height * width * once


def danet_params(axes: Axes, c: int) -> int:
    if axes["branch"] == "channel":
        return 1
    return cca_params(axes, c) + (1 if axes["branch"] == "both" else 0)


def danet_flops(axes: Axes, c: int, height: int, width: int) -> int:
    n, total = height * width, 0
    if axes["branch"] != "channel":
        q = hidden(axes, c)
        total += 2 * n * c * (2 * q + c) + 2 * n * n * (q + c)
    if axes["branch"] != "position":
        total += 4 * c * c * n
    return total


def encoder_params(axes: Axes, c: int) -> int:
    f = int(axes["ffn_ratio"]) * c
    return int(axes["layers"]) * (4 * c * c + 4 * c + 2 * c * f + f + c + 4 * c)


def encoder_flops(axes: Axes, c: int, height: int, width: int) -> int:
    """However many heads."""
    f, n = int(axes["ffn_ratio"]) * c, height * width
    return int(axes["layers"]) * (8 * n * c * c + 4 * n * n * c + 4 * n * c * f)

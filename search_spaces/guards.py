"""Refusals that depend on the feature map: (channels, height, width) of a placement. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from search_spaces.architecture import Value

#: ``guard(axes, channels, height, width)`` gives the reason for a refusal, or None.
Guard = Callable[[Mapping[str, Value], int, int, int], str | None]

#: The largest map of pairs (queries x keys) that one image may need: 1,024 positions squared.
MAX_PAIRS = 1024 * 1024

#: The most channels of which one image may need a map of pairs.
MAX_CHANNELS = 1024

#: The same where more pays only late in the network.
MAX_EARLY_CHANNELS = 256


def ratio_fits(axes: Mapping[str, Value], channels: int, height: int, width: int) -> str | None:
    """A reduction ratio must leave at least one channel."""
    for name in ("ratio", "m_ratio", "n_ratio", "spatial_ratio"):
        ratio = int(axes.get(name, 1))
        if ratio > channels:
            return f"{name} {ratio} is larger than the {channels} channels here"
    return None


def kernel_fits_channels(
    axes: Mapping[str, Value], channels: int, height: int, width: int
) -> str | None:
    """A 1-D kernel over channels must not be wider than twice the channels."""
    return _reaches_past("kernel size", axes.get("kernel_size", 1), channels)


def channel_kernel_fits(
    axes: Mapping[str, Value], channels: int, height: int, width: int
) -> str | None:
    """As ``kernel_fits_channels``, where ``kernel_size`` is of a convolution over positions."""
    return _reaches_past("channel_kernel", axes.get("channel_kernel", 1), channels)


def _reaches_past(name: str, size: Value, channels: int) -> str | None:
    if isinstance(size, int) and size > 2 * channels - 1:
        return f"{name} {size} reaches past the {channels} channels here"
    return None


def pairwise_map_fits(
    axes: Mapping[str, Value], channels: int, height: int, width: int
) -> str | None:
    """A map of pairs of positions must fit in memory; the dot-product form never builds one."""
    if axes.get("mode") == "dot_product":
        return None
    step = int(axes.get("subsample", 1))
    keys = max(1, height // step) * max(1, width // step)
    return _too_many_pairs(height, width, keys, "subsample 2, mode dot_product or a later stage")


def position_map_fits(
    axes: Mapping[str, Value], channels: int, height: int, width: int
) -> str | None:
    """A map of all positions by all positions must fit in memory, where the type makes one."""
    if axes.get("branch") == "channel":
        return None
    return _too_many_pairs(height, width, height * width, "a later stage")


def criss_cross_map_fits(
    axes: Mapping[str, Value], channels: int, height: int, width: int
) -> str | None:
    """A map of all positions by their rows and columns must fit in memory."""
    return _too_many_pairs(height, width, height + width, "a later stage")


def _too_many_pairs(height: int, width: int, keys: int, instead: str) -> str | None:
    positions = height * width
    if positions * keys <= MAX_PAIRS:
        return None
    return (
        f"{height}x{width} positions need a map of {positions} x {keys} pairs an image, "
        f"more than {MAX_PAIRS:,}; use {instead}"
    )


def channel_map_fits(
    axes: Mapping[str, Value], channels: int, height: int, width: int
) -> str | None:
    """A map of all channels by all channels must fit in memory, where the type makes one."""
    return _too_many_channels(axes, channels, MAX_CHANNELS)


def channel_map_is_cheap(
    axes: Mapping[str, Value], channels: int, height: int, width: int
) -> str | None:
    """A map of all channels by all channels must not cost more than the convolutions around it."""
    return _too_many_channels(axes, channels, MAX_EARLY_CHANNELS)


def _too_many_channels(axes: Mapping[str, Value], channels: int, most: int) -> str | None:
    if axes.get("branch") == "position" or channels <= most:
        return None
    return (
        f"{channels} channels need a map of {channels} x {channels} pairs an image; allowed here: "
        f"up to {most} channels, or branch position"
    )


def heads_divide(axes: Mapping[str, Value], channels: int, height: int, width: int) -> str | None:
    """Heads share the channels evenly."""
    heads = int(axes.get("heads", 1))
    if channels % heads:
        fits = ", ".join(str(h) for h in range(1, heads) if channels % h == 0)
        return f"heads {heads} doesn't divide the {channels} channels here; allowed: {fits}"
    return None


def groups_divide(axes: Mapping[str, Value], channels: int, height: int, width: int) -> str | None:
    """Groups share the channels evenly."""
    factors = {name: int(axes[name]) for name in ("groups", "cardinality", "radix") if name in axes}
    groups = prod(factors.values())
    if channels % groups:
        product = " x ".join(f"{name} {value}" for name, value in factors.items())
        return f"{product} doesn't divide the {channels} channels here"
    return None


def pool_fits(axes: Mapping[str, Value], channels: int, height: int, width: int) -> str | None:
    """A pooling must not give more cells than the map has."""
    pool = int(axes.get("pool", 1))
    if pool > min(height, width):
        return f"pool {pool} is larger than the {height}x{width} positions here"
    return None

"""The factorised gate once more, from the slow parts of the gates that it is made of."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from tests.contracts.reference_gates import (
    average_max_logits,
    band_logits,
    bottleneck_logits,
    composed,
    dilated_logits,
    mean_logits,
    statistics_logits,
)
from tests.contracts.reference_parts import Axes, Weights, gate, linear, relu
from tests.contracts.reference_pixel_gates import (
    at_each,
    layer_norm,
    polarized_channel,
    polarized_spatial,
    softmax,
)


def context_logits(w: Weights, x: Tensor) -> Tensor:
    weights = softmax(at_each(w, "channel.key", x).flatten(2), 2)
    hidden = linear(w, "channel.reduce", (x.flatten(2) * weights).sum(2))
    hidden = relu(layer_norm(w, "channel.norm", hidden))
    return linear(w, "channel.expand", hidden)[:, :, None, None]


def factorised(w: Weights, axes: Axes, start: str, training: bool, x: Tensor) -> Tensor:
    channel: dict[str, Callable[[Tensor], Tensor]] = {
        "se": lambda x: mean_logits(w, x),
        "eca": lambda x: band_logits(w, x),
        "cbam": lambda x: average_max_logits(w, x),
        "bam": lambda x: bottleneck_logits(w, training, x),
        "gc": lambda x: context_logits(w, x),
        "psa": lambda x: polarized_channel(w, x),
    }
    spatial: dict[str, Callable[[Tensor], Tensor]] = {
        "cbam": lambda x: statistics_logits(w, training, x),
        "bam": lambda x: dilated_logits(w, int(axes["dilation"]), training, x),
        "conv1x1": lambda x: at_each(w, "spatial.project", x),
        "psa": lambda x: polarized_spatial(w, x),
    }
    how = str(axes["composition"])
    if how == "channel_only":
        y = x * gate(channel[str(axes["channel"])](x), start)
    elif how == "spatial_only":
        y = x * gate(spatial[str(axes["spatial"])](x), start)
    else:
        y = composed(channel[str(axes["channel"])], spatial[str(axes["spatial"])], how, start, x)
    if not axes["residual"]:
        return y
    return (x + y) / 2 if start == "identity" else x + y

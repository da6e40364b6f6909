"""What every attention type shares: its start, its hidden width, its padding, its batch norm."""

from __future__ import annotations

from typing import Literal

import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

Start = Literal["identity", "paper"]

#: A bottleneck is not narrower than this, unless the feature map itself is.
MIN_HIDDEN = 4


def check_word(what: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a word that is not allowed.

    Raises:
        ValueError: naming the value and what is allowed.
    """
    if value not in allowed:
        raise ValueError(f"{what} is {value!r}; allowed: {', '.join(allowed)}")


def check_positive(what: str, value: int) -> None:
    """Refuse a count below 1.

    Raises:
        ValueError: naming the value and what is allowed.
    """
    if value < 1:
        raise ValueError(f"{what} is {value}; allowed: an integer from 1")


def gate_scale(start: Start) -> float:
    """The factor before a sigmoid gate.

    Returns:
        2 for ``identity``, so that logits of zero give ``2·sigmoid(0) = 1``; 1 for ``paper``.

    Raises:
        ValueError: for another word.
    """
    check_word("start", start, ("identity", "paper"))
    return 2.0 if start == "identity" else 1.0


def zero(layer: nn.Module) -> None:
    """Set a layer's own weight and bias to zero: whatever enters, zero leaves."""
    for parameter in layer.parameters(recurse=False):
        nn.init.zeros_(parameter)


def hidden_width(channels: int, ratio: int, least: int = MIN_HIDDEN) -> int:
    """The width behind a reduction ratio: ``channels // ratio``, never under ``least``.

    A map of fewer channels than that is not widened.

    Raises:
        ValueError: for a ratio below 1.
    """
    check_positive("ratio", ratio)
    return min(channels, max(least, channels // ratio))


def same_padding(kernel_size: int) -> int:
    """The padding that keeps the size.

    Raises:
        ValueError: for an even kernel size, which can't keep it.
    """
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(f"kernel_size is {kernel_size}; allowed: an odd integer from 1")
    return kernel_size // 2


class BatchNorm(nn.BatchNorm2d):
    """Batch norm over (B, C) or (B, C, H, W) that accepts a single value a channel in training.

    One value has no variance, and ``nn.BatchNorm`` refuses it (batch 1 on pooled features or a
    1x1 map). Then the running statistics serve, as in evaluation, and are left as they are.
    """

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002 - the base class' name
        if input.dim() not in (2, 4):
            raise ValueError(f"expected (B, C) or (B, C, H, W), got {tuple(input.shape)}")

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``x``; the shape stays."""
        if self.training and x.numel() == x.shape[1]:
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
            )
        return super().forward(x)

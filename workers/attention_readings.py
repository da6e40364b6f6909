"""What an attention module does, from its input ``x`` and its output ``y`` alone.

The modules know nothing of it. In float64, where a gate of ``y = g·x`` is ``y / x`` to far more
digits than a picture can show.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: A gate that varies less than this along a dimension is called constant there.
CONSTANT = 1e-6


def varies(x: Tensor, y: Tensor, dim: int) -> bool:
    """Whether the gate ``y / x`` differs along a dimension; 1 are channels, 2 all positions."""
    gate = torch.where(x == 0, torch.nan, y / x).flatten(2)
    low = gate.nan_to_num(torch.inf).amin(dim)
    high = gate.nan_to_num(-torch.inf).amax(dim)
    return bool((high - low > CONSTANT).any())


def gate_mask(x: Tensor, y: Tensor) -> Tensor:
    """The factor ``sum_c |y| / sum_c |x|`` at each position: (B, H, W); 0 where nothing came."""
    return (y.abs().sum(1) / x.abs().sum(1)).nan_to_num(0.0)


def change(x: Tensor, y: Tensor) -> Tensor:
    """``|y - x|`` at each position over the image's root mean square of ``|x|``: (B, H, W)."""
    typical = x.square().sum(1).mean((1, 2), keepdim=True).sqrt()
    moved: Tensor = (y - x).norm(dim=1)
    return (moved / typical).nan_to_num(0.0, posinf=0.0)


def reach(module: nn.Module, x: Tensor) -> Tensor:
    """Where what is added at the centre comes from: (B, H, W), each map's sum is 1.

    The gradient of the added vector's squared length by the input, its length at each position; all
    zero where nothing is added.
    """
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        added = (module(x) - x)[:, :, x.shape[2] // 2, x.shape[3] // 2]
        (gradient,) = torch.autograd.grad(added.square().sum(), x)
    lengths: Tensor = gradient.norm(dim=1)
    return (lengths / lengths.sum((1, 2), keepdim=True)).nan_to_num(0.0)


class ChannelMeans:
    """Collects, image by image, each channel's factor, ``sum_i |y| / sum_i |x|`` over positions."""

    def __init__(self) -> None:
        self.factors: dict[str, list[Tensor]] = {}
        self.varies: dict[str, bool] = {}

    def add(self, path: str, x: Tensor, y: Tensor) -> None:
        """Take in a module's pass over a batch; its path is its name."""
        factor = y.abs().sum((2, 3)) / x.abs().sum((2, 3))
        self.factors.setdefault(path, []).append(factor)
        self.varies[path] = self.varies.get(path, False) or varies(x, y, 1)

    def by_class(self, labels: Tensor) -> dict[str, dict[int, Tensor]]:
        """Path -> class -> means; nothing of gates that are one for all channels."""
        found: dict[str, dict[int, Tensor]] = {}
        for path, factors in self.factors.items():
            if self.varies[path]:
                rows = torch.cat(factors)
                found[path] = {
                    label: rows[labels == label].nanmean(0)
                    for label in sorted(set(labels.tolist()))
                }
        return found

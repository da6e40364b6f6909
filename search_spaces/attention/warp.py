"""Attention that moves pixels: where to look, as one transformation of the whole map."""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from search_spaces.attention.parts import Start, check_positive, check_word, zero

#: How the output's coordinates become the input's.
Transform = Literal[
    "affine",  # any 2x3 matrix
    "scale_translation",  # one scale, two shifts
    "similarity",  # one scale, one rotation, two shifts
]

#: The parameters of each that change nothing.
UNCHANGED: dict[str, tuple[float, ...]] = {
    "affine": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "scale_translation": (1.0, 0.0, 0.0),
    "similarity": (1.0, 0.0, 0.0, 0.0),
}


class SpatialTransformer(nn.Module):
    """Spatial transformer: the map, sampled bilinearly where ``theta = loc(x)`` says.

    Jaderberg et al., Spatial Transformer Networks, NeurIPS 2015, eq. 1-5; ``scale_translation`` is
    eq. 2. The paper leaves the localisation network open; here it is a pooling to ``pool`` x
    ``pool``, a layer of ``hidden`` units with ReLU and one to theta. Its last layer starts as the
    paper's: zero weights, and a bias that changes nothing, so that ``identity`` and ``paper`` start
    are the same. The output then equals the input up to the rounding of coordinates (under 1e-5 of
    a pixel on maps of 112 x 112), not bit for bit. Outside of the map there are zeros.
    ``similarity`` keeps angles on maps that are not square; coordinates are computed in float32 at
    least.

    Args:
        channels: of the feature map.
        transform: see ``Transform``.
        pool: rows and columns that the localisation sees.
        hidden: units of the localisation.
        align_corners: coordinates -1 and 1 are the centres of the outermost pixels, as in the
            original code; otherwise their outer edges.
        start: ``identity`` or ``paper``.
    """

    def __init__(
        self,
        channels: int,
        *,
        transform: Transform = "affine",
        pool: int = 4,
        hidden: int = 32,
        align_corners: bool = True,
        start: Start = "identity",
    ) -> None:
        super().__init__()
        check_word("transform", transform, get_args(Transform))
        check_word("start", start, get_args(Start))
        check_positive("pool", pool)
        check_positive("hidden", hidden)
        self.transform, self.pool, self.align_corners = transform, pool, align_corners
        unchanged = UNCHANGED[transform]
        self.look = nn.Linear(channels * pool * pool, hidden)
        self.theta = nn.Linear(hidden, len(unchanged))
        zero(self.theta)
        with torch.no_grad():
            self.theta.bias.copy_(torch.tensor(unchanged))

    def forward(self, x: Tensor) -> Tensor:
        """Resample ``x`` (B, C, H, W); the shape stays."""
        seen = F.adaptive_avg_pool2d(x, self.pool).flatten(1)
        precise = torch.promote_types(x.dtype, torch.float32)
        theta = self.theta(F.relu(self.look(seen))).to(precise)
        grid = self.grid(theta, x.shape[2], x.shape[3])
        sampled = F.grid_sample(x.to(precise), grid, align_corners=self.align_corners)
        return sampled.to(x.dtype)

    def grid(self, theta: Tensor, height: int, width: int) -> Tensor:
        """Where each output pixel looks: (B, H, W, 2), columns before rows, from -1 to 1."""
        columns = coordinates(width, self.align_corners, theta)[None, None]
        rows = coordinates(height, self.align_corners, theta)[None, :, None]
        xx, xy, x0, yx, yy, y0 = (
            entry[:, None, None] for entry in self.matrix(theta, height, width)
        )
        across, down = xx * columns + xy * rows + x0, yx * columns + yy * rows + y0
        return torch.stack((across, down), -1)

    def matrix(self, theta: Tensor, height: int, width: int) -> tuple[Tensor, ...]:
        """The six entries of the 2x3 matrix, each (B,)."""
        if self.transform == "affine":
            return theta.unbind(1)
        if self.transform == "scale_translation":
            scale, across, down = theta.unbind(1)
            still = torch.zeros_like(scale)
            return scale, still, across, still, scale, down
        cosine, sine, across, down = theta.unbind(1)
        aspect = height / width
        return cosine, -aspect * sine, across, sine / aspect, cosine, down


def coordinates(size: int, align_corners: bool, like: Tensor) -> Tensor:
    """The pixels' centres from -1 to 1 along one axis, (size,); a single pixel's is 0."""
    steps = torch.arange(size, dtype=like.dtype, device=like.device)
    if align_corners and size > 1:
        return 2 * steps / (size - 1) - 1
    return (2 * steps + 1) / size - 1

from __future__ import annotations

from typing import get_args

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from search_spaces.attention.warp import SpatialTransformer, Transform

TRANSFORMS = get_args(Transform)


def told(theta: list[float], **axes: object) -> SpatialTransformer:
    """A transformer that answers every map with this theta."""
    module = SpatialTransformer(2, **axes)  # type: ignore[arg-type]
    with torch.no_grad():
        module.theta.bias.copy_(torch.tensor(theta))
    return module


@pytest.mark.parametrize("start", ["identity", "paper"])
@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_both_starts_leave_the_map_up_to_rounding(
    transform: Transform, align_corners: bool, start: str
) -> None:
    axes = {"transform": transform, "align_corners": align_corners, "start": start}
    for size in ((1, 1), (1, 7), (32, 20), (112, 112)):
        x = torch.randn(1, 2, *size)
        y = SpatialTransformer(2, **axes)(x)  # type: ignore[arg-type]
        assert (y - x).abs().max() < 1e-5 * 2 * x.abs().max()


@pytest.mark.parametrize("align_corners", [True, False])
def test_an_affine_map_is_torchs(align_corners: bool) -> None:
    theta = [0.9, 0.3, -0.1, 0.2, 1.1, 0.25]
    x = torch.randn(2, 2, 6, 5)
    grid = F.affine_grid(torch.tensor(theta).view(1, 2, 3).expand(2, 2, 3), x.shape, align_corners)
    expected = F.grid_sample(x, grid, align_corners=align_corners)
    y = told(theta, align_corners=align_corners)(x)
    torch.testing.assert_close(y, expected, rtol=1e-4, atol=1e-5)


def test_scale_and_translation_zoom_and_shift() -> None:
    x = torch.arange(25.0).view(1, 1, 5, 5).expand(1, 2, 5, 5)
    zoomed = told([0.5, 0.0, 0.0], transform="scale_translation")(x)
    torch.testing.assert_close(zoomed[..., ::4, ::4], x[..., 1:4:2, 1:4:2])
    shifted = told([1.0, 0.5, 0.0], transform="scale_translation")(x)
    torch.testing.assert_close(shifted[..., :4], x[..., 1:])
    assert shifted[..., 4].abs().max() == 0


def bright(x: Tensor) -> list[float]:
    """Row and column of the map's centre of mass."""
    mass = x[0, 0] / x[0, 0].sum()
    rows, columns = torch.meshgrid(
        torch.arange(x.shape[2]), torch.arange(x.shape[3]), indexing="ij"
    )
    return [(mass * rows).sum().item(), (mass * columns).sum().item()]


def test_a_rotation_keeps_lengths_on_maps_that_are_not_square() -> None:
    x = torch.zeros(1, 2, 9, 21)
    x[..., 4, 13] = 1  # three pixels to the right of the centre
    quarter = told([0.0, 1.0, 0.0, 0.0], transform="similarity", align_corners=False)(x)
    assert bright(quarter) == pytest.approx([1, 10], abs=1e-3)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_where_it_looks_is_learnt(transform: Transform) -> None:
    torch.manual_seed(0)
    module = SpatialTransformer(2, transform=transform)
    smooth = F.interpolate(torch.randn(4, 2, 3, 3), (12, 12), mode="bicubic")
    target = told([1.0, 0.2, 0.0], transform="scale_translation")(smooth).detach()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    losses = []
    for _ in range(60):
        loss = (module(smooth) - target)[..., 2:-2, 2:-2].square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


@pytest.mark.parametrize(
    ("axes", "says"),
    [({"transform": "afine"}, "transform is 'afine'"), ({"pool": 0}, "pool is 0")],
)
def test_refused_values_are_named(axes: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        SpatialTransformer(2, **axes)  # type: ignore[arg-type]

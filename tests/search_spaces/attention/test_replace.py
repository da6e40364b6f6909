from __future__ import annotations

from typing import Any

import pytest
import timm.layers
import torch
import torch.nn as nn

from search_spaces.attention.replace import SelectiveKernel, SplitAttention
from search_spaces.catalogue import complete
from tests.contracts.reference_replace import selective_kernel, split_attention

CLASSES = {"sk": SelectiveKernel, "split": SplitAttention}
REFERENCES = {"sk": selective_kernel, "split": split_attention}
SPLITS = [{"radix": r, "cardinality": k} for r in (1, 2, 4) for k in (1, 2, 4)]
CASES = [
    *(("sk", {"paths": paths, "groups": groups}) for paths in (2, 3) for groups in (1, 2, 4)),
    *(("split", axes) for axes in SPLITS),
]


def randomised(module: nn.Module) -> nn.Module:
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module.double()


@pytest.mark.parametrize("size", [(5, 4), (1, 1), (6, 7)])
@pytest.mark.parametrize(("name", "axes"), CASES)
def test_stride_and_channels_are_those_of_the_convolution(
    name: str, axes: dict[str, Any], size: tuple[int, int]
) -> None:
    make = CLASSES[name]
    module = randomised(make(8, out_channels=16, stride=2, start="paper", **axes)).eval()
    x = torch.randn(2, 8, *size, dtype=torch.float64)
    y = module(x)
    assert y.shape == nn.Conv2d(8, 16, 3, 2, padding=1)(x.float()).shape
    choice = complete(name, axes).as_dict()
    slow = REFERENCES[name](dict(module.state_dict()), choice, "paper", False, x, 2)
    torch.testing.assert_close(y, slow, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("paths", [2, 3])
def test_identity_start_counts_every_kernel_alike(paths: int) -> None:
    module, x = SelectiveKernel(8, paths=paths, groups=4), torch.randn(2, 8, 6, 5)
    mean = torch.stack([path(x) for path in module.paths]).mean(0)
    torch.testing.assert_close(module(x), mean)


@pytest.mark.parametrize("axes", SPLITS)
def test_identity_start_counts_every_split_alike(axes: dict[str, Any]) -> None:
    module, x = SplitAttention(8, **axes).eval(), torch.randn(2, 8, 6, 5)
    mean = module.splits(x).unflatten(1, (axes["radix"], 8)).mean(1)
    torch.testing.assert_close(module(x), mean)


def test_larger_kernels_see_further() -> None:
    module = SelectiveKernel(4, paths=3, groups=1).eval()
    x = torch.zeros(1, 4, 9, 9, requires_grad=True)
    for path, reach in zip(module.paths, (1, 2, 3), strict=True):
        nn.init.ones_(path[0].weight)
        (gradient,) = torch.autograd.grad(path[0](x)[0, :, 4, 4].sum(), x)
        seen = gradient[0, 0].nonzero()
        assert (seen.amin().item(), seen.amax().item()) == (4 - reach, 4 + reach)


@pytest.mark.parametrize("radix", [1, 2, 4])
@pytest.mark.parametrize("groups", [1, 2])
def test_equals_timms_split_attention(radix: int, groups: int) -> None:
    theirs = timm.layers.SplitAttn(16, radix=radix, groups=groups, norm_layer=nn.BatchNorm2d)
    ours = SplitAttention(16, radix=radix, cardinality=groups, start="paper")
    names = {"conv": "splits.0", "bn0": "splits.1", "fc1": "fc1", "bn1": "norm", "fc2": "fc2"}
    weights = {
        f"{names[key.split('.')[0]]}.{key.split('.', 1)[1]}": value
        for key, value in theirs.state_dict().items()
    }
    ours.load_state_dict(weights)
    x = torch.randn(3, 16, 6, 5)
    torch.testing.assert_close(ours(x), theirs(x))


def test_a_hidden_width_is_shared_by_the_groups() -> None:
    module = SplitAttention(132, radix=1, cardinality=4)
    assert module.fc1.out_channels == 36
    assert module(torch.randn(2, 132, 3, 3)).shape == (2, 132, 3, 3)


@pytest.mark.parametrize(
    ("name", "axes", "says"),
    [
        ("sk", {"paths": 4}, "paths is 4; allowed: 2, 3"),
        ("sk", {"groups": 0}, "groups is 0; allowed: an integer from 1"),
        ("sk", {"minimum": 0}, "minimum is 0"),
        ("split", {"radix": 0}, "radix is 0"),
        ("split", {"ratio": 0}, "ratio is 0"),
    ],
)
def test_refused_values_are_named(name: str, axes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        CLASSES[name](8, **axes)

"""Rows of our own ResNets, their feature-map sizes by arithmetic. No torch import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from search_spaces.architecture import Placement, TaskShape, Value
from search_spaces.axes import Axis, one_of, positive
from search_spaces.backbones.row import Backbone, Site, Sites


def _halved(size: int) -> int:
    """Output size of every stride-2 convolution and pooling here (padded to keep size at 1)."""
    return -(-size // 2)


def _resnet_sites(
    blocks: tuple[int, ...], width: int, expansion: int, height: int, columns: int
) -> Sites:
    """Sites of a ResNet whose stem gives (width, height, columns); each later stage halves."""
    outer = Site(width, height, columns)
    sites: dict[Placement, tuple[Site, ...]] = {
        Placement("stem", "stem_end"): (replace(outer, folds=True),)
    }
    for index, count in enumerate(blocks):
        before, stride = outer, 2 if index else 1
        if index:
            height, columns, width = _halved(height), _halved(columns), 2 * width
        stage, inner = f"stage{index + 1}", Site(width, height, columns)
        outer = Site(width * expansion, height, columns)
        inputs = before.channels if expansion == 1 else width
        first = _replaced(Site(inputs, before.height, before.width, width, stride), inner)
        others = (_replaced(Site(width, height, columns, width), inner),) * (count - 1)
        sites[Placement(stage, "replace_3x3")] = (first, *others)
        sites[Placement(stage, "after_3x3")] = (replace(inner, folds=True),) * count
        sites[Placement(stage, "pre_add")] = (replace(outer, folds=True),) * count
        for position in ("shortcut", "post_add"):
            sites[Placement(stage, position)] = (outer,) * count
        sites[Placement(stage, "stage_end")] = (outer,)
    sites[Placement("backbone", "backbone_end")] = (outer,)
    return MappingProxyType(sites)


def _replaced(site: Site, after: Site) -> Site:
    """A site that stands for a 3x3 convolution without bias and a norm."""
    weights = 9 * site.channels * after.channels
    parameters, flops = weights + 2 * after.channels, 2 * weights * after.height * after.width
    return replace(site, freed=(parameters, flops))


def _cifar_sites(axes: Mapping[str, Value], shape: TaskShape) -> Sites:
    height, columns = shape.height, shape.width
    if axes["stem_stride"] == 2:
        height, columns = _halved(height), _halved(columns)
    blocks = ((int(axes["depth"]) - 2) // 6,) * 3
    return _resnet_sites(blocks, int(axes["width"]), 1, height, columns)


def _torchvision_sites(
    blocks: tuple[int, ...], expansion: int
) -> Callable[[Mapping[str, Value], TaskShape], Sites]:
    def sites(axes: Mapping[str, Value], shape: TaskShape) -> Sites:
        height, columns = shape.height, shape.width
        if axes["stem"] == "imagenet":
            height, columns = _halved(_halved(height)), _halved(_halved(columns))
        return _resnet_sites(blocks, int(axes["width"]), expansion, height, columns)

    return sites


def _six_n_plus_two(value: Value) -> bool:
    return type(value) is int and value >= 8 and (value - 2) % 6 == 0


_RESNET_STAGES = ("stage1", "stage2", "stage3", "stage4")
_RESNET_AXES = (positive("width", 64), one_of("stem", "imagenet", "imagenet", "cifar"))
_HE = "He et al., Deep Residual Learning, CVPR 2016"

OWN: dict[str, Backbone] = {
    "cifar_resnet": Backbone(
        "search_spaces.backbones.resnet:cifar_resnet",
        (
            Axis("depth", 20, _six_n_plus_two, "6n+2 with n from 1: 8, 14, 20, 26, 32, …"),
            positive("width", 16),
            one_of("stem_stride", 1, 1, 2),
        ),
        _RESNET_STAGES[:3],
        _cifar_sites,
        f"{_HE}, section 4.2; projection shortcuts (option B) instead of zero padding (option A)",
    ),
    "resnet18": Backbone(
        "search_spaces.backbones.resnet:resnet18",
        _RESNET_AXES,
        _RESNET_STAGES,
        _torchvision_sites((2, 2, 2, 2), 1),
        f"{_HE}, table 1; as in torchvision",
    ),
    "resnet34": Backbone(
        "search_spaces.backbones.resnet:resnet34",
        _RESNET_AXES,
        _RESNET_STAGES,
        _torchvision_sites((3, 4, 6, 3), 1),
        f"{_HE}, table 1; as in torchvision",
    ),
    "resnet50": Backbone(
        "search_spaces.backbones.resnet:resnet50",
        _RESNET_AXES,
        _RESNET_STAGES,
        _torchvision_sites((3, 4, 6, 3), 4),
        f"{_HE}, table 1; stride in the 3x3 convolution, as in torchvision",
    ),
}

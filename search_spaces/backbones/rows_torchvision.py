"""Rows of torchvision's models: name, stages, axes. No torch import."""

from __future__ import annotations

from search_spaces.architecture import Value
from search_spaces.axes import Axis, one_of


def _pretrained(value: Value) -> bool:
    return isinstance(value, str) and value != ""


def _share(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


_WEIGHTS = Axis(
    "weights",
    "none",
    _pretrained,
    "none, DEFAULT, a name of torchvision's weights, or the path of a state dict",
)
_SE = one_of("builtin_se", "keep", "keep", "remove", "replace")
_WIDTH = Axis("width_mult", 1.0, _share, "a number above 0")

_PLAIN = (_WEIGHTS,)
_WITH_SE = (_WEIGHTS, _SE)

_HE = "He et al., Deep Residual Learning, CVPR 2016"
_XIE = "Xie et al., ResNeXt, CVPR 2017"
_WIDE = "Zagoruyko and Komodakis, Wide Residual Networks, BMVC 2016"
_REGNET = "Radosavovic et al., Designing Network Design Spaces, CVPR 2020"
_DENSE = "Huang et al., DenseNet, CVPR 2017"
_V2 = "Sandler et al., MobileNetV2, CVPR 2018"
_V3 = "Howard et al., Searching for MobileNetV3, ICCV 2019"
_EFFICIENT = "Tan and Le, EfficientNet, ICML 2019"
_EFFICIENT_V2 = "Tan and Le, EfficientNetV2, ICML 2021"
_CONVNEXT = "Liu et al., A ConvNet for the 2020s, CVPR 2022"
_SHUFFLE = "Ma et al., ShuffleNet V2, ECCV 2018"
_MNAS = "Tan et al., MnasNet, CVPR 2019"
_VGG = "Simonyan and Zisserman, VGG, ICLR 2015"

#: (torchvision's names, stages, axes, paper); the stages are what tracing finds.
FAMILIES: tuple[tuple[tuple[str, ...], int, tuple[Axis, ...], str], ...] = (
    (("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"), 4, _PLAIN, _HE),
    (("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d"), 4, _PLAIN, _XIE),
    (("wide_resnet50_2", "wide_resnet101_2"), 4, _PLAIN, _WIDE),
    (
        (
            "regnet_x_400mf",
            "regnet_x_800mf",
            "regnet_x_1_6gf",
            "regnet_x_3_2gf",
            "regnet_x_8gf",
            "regnet_x_16gf",
            "regnet_x_32gf",
        ),
        4,
        _PLAIN,
        _REGNET,
    ),
    (
        (
            "regnet_y_400mf",
            "regnet_y_800mf",
            "regnet_y_1_6gf",
            "regnet_y_3_2gf",
            "regnet_y_8gf",
            "regnet_y_16gf",
            "regnet_y_32gf",
            "regnet_y_128gf",
        ),
        4,
        _WITH_SE,
        _REGNET,
    ),
    (("densenet121", "densenet161", "densenet169", "densenet201"), 4, _PLAIN, _DENSE),
    (("mobilenet_v2",), 5, (_WEIGHTS, _WIDTH), _V2),
    (("mobilenet_v3_small",), 4, (*_WITH_SE, _WIDTH), _V3),
    (("mobilenet_v3_large",), 5, (*_WITH_SE, _WIDTH), _V3),
    (tuple(f"efficientnet_b{size}" for size in range(8)), 5, _WITH_SE, _EFFICIENT),
    (
        ("efficientnet_v2_s", "efficientnet_v2_m", "efficientnet_v2_l"),
        5,
        _WITH_SE,
        _EFFICIENT_V2,
    ),
    (
        ("convnext_tiny", "convnext_small", "convnext_base", "convnext_large"),
        4,
        _PLAIN,
        _CONVNEXT,
    ),
    (
        (
            "shufflenet_v2_x0_5",
            "shufflenet_v2_x1_0",
            "shufflenet_v2_x1_5",
            "shufflenet_v2_x2_0",
        ),
        3,
        _PLAIN,
        _SHUFFLE,
    ),
    (("mnasnet0_5", "mnasnet0_75", "mnasnet1_0", "mnasnet1_3"), 4, _PLAIN, _MNAS),
    (
        tuple(f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")),
        5,
        _PLAIN,
        _VGG,
    ),
)

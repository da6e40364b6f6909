"""Constant attention goes into the norms: equal output, no trace, no cost."""

import pytest
import torch
from torch import nn

from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.attention.constant import ConstantAttention
from search_spaces.backbones.plug import plug
from search_spaces.backbones.table import complete_backbone, placement_sites
from search_spaces.build import build
from search_spaces.catalogue import CATALOGUE
from search_spaces.cost import cost_of
from search_spaces.errors import SpaceError, SpaceErrors
from search_spaces.folding import fold
from search_spaces.space import SearchSpace
from tests.search_spaces.toy_backbones import Branching, Residual

SHAPE = TaskShape(3, 32, 32, 10)

#: Axes that keep our own backbones small.
SMALL = {
    "cifar_resnet": {"depth": 14, "width": 8},
    "resnet18": {"width": 8},
    "resnet50": {"width": 8},
}

#: Every position of a backbone at which, in some stage, a norm or convolution stands before it.
TAKES = {
    "cifar_resnet": {"stem_end", "after_3x3", "pre_add"},
    "resnet18": {"stem_end", "after_3x3", "pre_add"},
    "resnet50": {"stem_end", "after_3x3", "pre_add"},
    "torchvision/resnet18": {"stem_end", "after_3x3", "pre_add"},
    "regnet_y_400mf": {"stem_end", "after_3x3", "pre_add"},
    "densenet121": {"stem_end"},
    "mobilenet_v2": {"pre_add"},
    "mobilenet_v3_small": {"after_3x3", "pre_add"},
    "efficientnet_b0": {"pre_add"},
    "convnext_tiny": {"after_3x3"},
    "shufflenet_v2_x0_5": {"stem_end"},
    "mnasnet0_5": {"stem_end", "after_3x3", "pre_add"},
    "vgg11": {"stem_end"},
}

#: Of which the output is compared.
COMPARED = (
    *SMALL,
    "torchvision/resnet18",
    "mobilenet_v3_small",
    "mnasnet0_5",
)


def taking(name):
    """A backbone, and the places in it that take constant attention."""
    backbone = complete_backbone(name, SMALL.get(name, {}))
    positions = CATALOGUE["asr"].positions
    return backbone, [
        place
        for place, sites in placement_sites(backbone, SHAPE).items()
        if place.position in positions and all(site.folds for site in sites)
    ]


def lively(model):
    """With attention, norms and statistics as training leaves them."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, ConstantAttention):
                for parameter in module.parameters():
                    nn.init.normal_(parameter, std=0.5)
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
                module.bias.normal_(std=0.5)
            if isinstance(module, nn.Dropout) or type(module).__name__ == "StochasticDepth":
                module.p = 0.0
        model.double().train()(torch.randn(4, 3, 32, 32, dtype=torch.float64))
    return model.eval()


def keys(architecture):
    with torch.device("meta"):
        return set(build(architecture, SHAPE).state_dict())


def folds(model, plain_keys):
    image = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    folded = fold(model)
    assert not any(isinstance(part, ConstantAttention) for part in folded.modules())
    assert set(folded.state_dict()) == plain_keys < set(before)
    with torch.no_grad():
        expected, found = model(image), folded(image)
    assert (found - expected).abs().max() < 1e-12 * expected.abs().max().clamp(min=1)
    assert any(not torch.equal(before[k], v) for k, v in folded.state_dict().items())
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


@pytest.mark.parametrize("name", TAKES)
def test_it_may_stand_where_a_norm_or_a_convolution_comes_before(name):
    _, places = taking(name)
    assert {place.position for place in places} == TAKES[name]


@pytest.mark.parametrize("name", COMPARED)
def test_output_is_equal_and_nothing_is_left(name):
    torch.manual_seed(0)
    backbone, places = taking(name)
    attention = {
        place: Choice.of("asr", {"channel": "eca"} if number % 2 else {"ratio": 4})
        for number, place in enumerate(places)
    }
    architecture, plain = Architecture.of(backbone, attention, "paper"), Architecture(backbone)
    folds(lively(build(architecture, SHAPE)), keys(plain))
    assert cost_of(architecture, SHAPE) == cost_of(plain, SHAPE)


def test_blocks_that_share_it_all_get_its_factors():
    backbone, _ = taking("cifar_resnet")
    shared = Choice.of("asr", {"ratio": 2, "share": True})
    architecture = Architecture.of(backbone, {Placement("stage2", "pre_add"): shared}, "paper")
    folds(lively(build(architecture, SHAPE)), keys(Architecture(backbone)))


def test_other_attention_at_the_same_place_stays_behind_it():
    torch.manual_seed(0)
    name = "torchvision/resnet18"
    places = {
        Placement("layer1.0.bn2", "output"): Choice.of("se"),
        Placement("layer2.1.bn1", "output"): Choice.of("cbam"),
        Placement("stage1", "pre_add"): Choice.of("asr"),
        Placement("stage2", "after_3x3"): Choice.of("asr"),
    }
    backbone = complete_backbone(name, {})
    model = lively(build(Architecture.of(backbone, places, "paper"), SHAPE))
    others = {place: choice for place, choice in places.items() if choice.name != "asr"}
    folds(model, keys(Architecture.of(backbone, others)))


@pytest.mark.parametrize("kind", [Residual, Branching])
def test_a_plugged_model_folds(kind):
    torch.manual_seed(0)
    model = kind()
    attention = {Placement("stage1", "pre_add"): Choice.of("asr", {"ratio": 2})}
    plugged = plug(
        model, Architecture.of(Choice("mine"), attention, "paper"), torch.zeros(1, 3, 32, 32)
    )
    folds(lively(plugged), set(model.state_dict()))


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("mobilenet_v3_small", "stage3.after_3x3"),
        ("convnext_tiny", "stage1.pre_add"),
        ("densenet121", "backbone.backbone_end"),
        ("cifar_resnet", "stage1.post_add"),
    ],
)
def test_it_stands_only_behind_what_it_folds_into(name, place):
    backbone = complete_backbone(name, {})
    architecture = Architecture.of(backbone, {Placement.parse(place): Choice.of("asr")})
    with pytest.raises(SpaceError, match=r"could be folded|can't stand at"), torch.device("meta"):
        build(architecture, SHAPE)


def test_a_built_in_gate_that_gives_way_does_not_come_back():
    backbone = complete_backbone("regnet_y_400mf", {"builtin_se": "replace"})
    architecture = Architecture.of(
        backbone, {Placement("stage1", "after_3x3"): Choice.of("asr", {"ratio": 4})}
    )
    with pytest.raises(SpaceError, match="no batch norm or convolution"), torch.device("meta"):
        build(architecture, SHAPE)


def test_the_norm_must_not_be_replaced():
    places = {
        Placement("stage1", "replace_3x3"): Choice.of("sk", {"groups": 2}),
        Placement("stage1", "after_3x3"): Choice.of("asr", {"ratio": 2}),
    }
    with pytest.raises(SpaceError, match=r"gone where stage1\.replace_3x3 is filled"):
        build(Architecture.of(complete_backbone("cifar_resnet", {}), places), SHAPE)
    entries = [
        {"stages": 1, "types": {"none": None, "sk": {"groups": 2}}},
        {"stages": 1, "types": {"asr": {"ratio": 2, "positions": ["after_3x3", "pre_add"]}}},
    ]
    space = SearchSpace.from_dict({"backbone": {"name": "cifar_resnet"}, "attention": entries})
    with pytest.raises(SpaceErrors) as caught:
        space.check(SHAPE)
    assert "stage1.after_3x3" in str(caught.value)
    assert "pre_add" not in str(caught.value)


def test_what_has_nothing_before_it_is_refused():
    with pytest.raises(ValueError, match="1 can't be folded"):
        fold(nn.Sequential(nn.ReLU(), ConstantAttention(4)))

import pytest
import torch

from search_spaces.amount import Cost
from search_spaces.architecture import Architecture, Placement, TaskShape
from search_spaces.backbones.inspection import inspect_backbone
from search_spaces.backbones.table import complete_backbone, placement_sites
from search_spaces.build import build
from search_spaces.cost import measure

SHAPE = TaskShape(3, 64, 64, 10)
NAMES = ("cifar_resnet", "mobilenet_v3_small", "vgg11_bn", "torchvision.models:squeezenet1_0")


@pytest.mark.parametrize("name", NAMES)
def test_parts_add_up_to_the_backbone(name):
    backbone = complete_backbone(name, {})
    found = inspect_backbone(backbone, SHAPE)
    with torch.device("meta"):
        whole = measure(build(Architecture(backbone), SHAPE), SHAPE)
    assert sum((part.cost for part in found.parts), Cost()) == whole
    assert found.to_dict()["parameters"] == whole.parameters


def test_our_own_backbone_is_taken_apart_as_it_was_written():
    found = inspect_backbone(complete_backbone("cifar_resnet", {"depth": 14}), SHAPE)
    stages = [part for part in found.parts if part.name.startswith("stage")]
    assert [part.blocks for part in stages] == [
        ("layer1.0", "layer1.1"), ("layer2.0", "layer2.1"), ("layer3.0", "layer3.1")
    ]  # fmt: skip
    assert [part.map for part in stages] == [(16, 64, 64), (32, 32, 32), (64, 16, 16)]
    assert {part.kind for part in stages} == {"BasicBlock"}


def test_positions_are_those_of_the_table_and_modules_are_apart():
    backbone = complete_backbone("mobilenet_v3_small", {})
    found = inspect_backbone(backbone, SHAPE)
    sites = placement_sites(backbone, SHAPE)
    assert set(found.positions) == {place for place in sites if place.position != "output"}
    assert found.modules["features.4"] == sites[Placement("features.4", "output")][0]

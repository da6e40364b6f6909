import pytest
import torch

from search_spaces.architecture import Architecture, TaskShape
from search_spaces.backbones.inspection import inspect_backbone
from search_spaces.backbones.rows_own import OWN
from search_spaces.backbones.table import complete_backbone, placement_sites
from search_spaces.backbones.traced import examine
from search_spaces.backbones.tracing import open_model
from search_spaces.build import build

SHAPE = TaskShape(3, 40, 32, 4)


@pytest.mark.parametrize("name", OWN)
def test_arithmetic_gives_what_tracing_finds(name):
    backbone = complete_backbone(name, {"width": 4})
    with torch.device("meta"):
        opened = open_model(build(Architecture(backbone), SHAPE))
    traced = examine(opened, torch.zeros(1, 3, 40, 32, device="meta"), name).sites
    found = {place: at for place, at in traced.items() if place.position != "output"}
    assert found == placement_sites(backbone, SHAPE)


@pytest.mark.parametrize("name", OWN)
def test_the_rows_stages_are_those_of_the_model(name):
    parts = inspect_backbone(complete_backbone(name, {"width": 4}), SHAPE).parts
    assert tuple(part.name for part in parts[1:-1]) == OWN[name].stages

import pytest
import torchvision

from search_spaces.architecture import TaskShape
from search_spaces.backbones.rows_torchvision import FAMILIES
from search_spaces.backbones.table import (
    BACKBONES,
    complete_backbone,
    stage_names,
    torchvision_name,
)

ROWS = [name for name in BACKBONES if torchvision_name(name)]

#: The smallest of each family.
FIRST = [next(n for n in ROWS if torchvision_name(n) == names[0]) for names, *_ in FAMILIES]


def test_every_row_names_a_model_of_torchvisions():
    known = set(torchvision.models.list_models(module=torchvision.models))
    assert {torchvision_name(name) for name in ROWS} <= known


def test_ours_keep_their_names():
    assert torchvision_name("resnet18") is None
    assert torchvision_name("torchvision/resnet18") == "resnet18"
    assert torchvision_name("resnet101") == "resnet101"
    assert "torchvision/resnet101" not in BACKBONES


@pytest.mark.parametrize("name", FIRST)
def test_the_rows_stages_are_what_tracing_finds(name):
    backbone = complete_backbone(name, {})
    assert stage_names(backbone, TaskShape(3, 64, 64, 10)) == BACKBONES[name].stages


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ROWS if name not in FIRST])
def test_so_are_those_of_every_size(name):
    backbone = complete_backbone(name, {})
    assert stage_names(backbone, TaskShape(3, 64, 64, 10)) == BACKBONES[name].stages

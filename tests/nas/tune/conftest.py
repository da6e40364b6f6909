import pytest

from nas.tune import space_of
from search_spaces.architecture import TaskShape

SHAPE = TaskShape(1, 8, 8, 10)
SECTION = {
    "backbone": {"name": "cifar_resnet", "depth": [8, 14], "width": [4, 8]},
    "attention": [
        {"stages": [2, 3], "types": {"none": None, "se": {"ratio": [2, 4]}, "eca": None}}
    ],
}


@pytest.fixture
def shape():
    return SHAPE


@pytest.fixture
def section():
    return SECTION


@pytest.fixture
def param_space():
    """Four backbones, four ways to fill each of two stages: 64 architectures."""
    return space_of(SECTION, SHAPE)

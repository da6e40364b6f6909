import pytest

from search_spaces.backbones.row import Site
from search_spaces.backbones.table import backbone_row, complete_backbone
from search_spaces.errors import SpaceError


def test_a_site_tells_what_a_convolution_needs():
    assert Site(4, 8, 8).convolution == {}
    assert Site(4, 8, 8).widths == (4,)
    assert Site(4, 8, 8, 6, 2).convolution == {"out_channels": 6, "stride": 2}
    assert Site(4, 8, 8, 6, 2).widths == (4, 6)


def test_used_places_come_in_forward_order_and_paths_last():
    known = backbone_row("resnet18").places_with(["backbone", "stage2", "stem"])
    assert known == ("stem", "stage1", "stage2", "stage3", "stage4", "backbone")
    own = backbone_row("my.module:f").places_with(["features.3", "stage10", "stage2", "stem"])
    assert own == ("stem", "stage2", "stage10", "backbone", "features.3")


def test_a_users_factory_takes_any_axis():
    choice = complete_backbone("my.module:f", {"depth": 3, "bias": True})
    assert choice.as_dict() == {"depth": 3, "bias": True}
    assert backbone_row("my.module:f").stages == ()


@pytest.mark.parametrize("name", ["my.module:", ":f", "my module:f", "a:b:c"])
def test_names_of_factories_must_be_whole(name):
    with pytest.raises(SpaceError, match="not of the form"):
        backbone_row(name)

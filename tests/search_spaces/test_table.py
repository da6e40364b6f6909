from dataclasses import replace
from functools import partial

import pytest
import torch

from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.backbones.resnet import Block
from search_spaces.backbones.rows_own import OWN
from search_spaces.backbones.table import (
    BACKBONES,
    Site,
    backbone_row,
    complete_backbone,
    placement_sites,
    refused_at,
)
from search_spaces.build import build
from search_spaces.catalogue import CATALOGUE, complete, positions_in
from search_spaces.errors import SpaceError

SHAPES = (TaskShape(3, 32, 32, 10), TaskShape(1, 8, 8, 10), TaskShape(3, 65, 47, 5))
BACKBONE_CHOICES = [
    *(complete_backbone(name, {}) for name in OWN),
    complete_backbone("cifar_resnet", {"depth": 8, "width": 7, "stem_stride": 2}),
    complete_backbone("resnet50", {"width": 6, "stem": "cifar"}),
]


def hooked_sites(backbone, shape):
    """Feature maps that ECA modules at every placement really see, by placement."""
    eca = Choice.of("eca", {"kernel_size": 1})
    row = backbone_row(backbone.name)
    places = {Placement(s, p): eca for s in row.places for p in positions_in(s)}
    places = {place: eca for place in places if place.position in CATALOGUE["eca"].positions}
    found = {place: [] for place in places}
    with torch.device("meta"):
        model = build(Architecture.of(backbone, places), shape).eval()
        for name, module in model.named_modules():
            for place in places:
                block = f"layer{place.stage[-1]}." in name
                inside = block and name.endswith(f".attention_{place.position}")
                once = {f"attention_{place.position}", f"attention_{place.position}.{place.stage}"}
                if inside or name in once:
                    module.register_forward_hook(
                        lambda _, args, __, at=place: found[at].append(Site(*args[0].shape[1:]))
                    )
        model(torch.empty(1, shape.channels, shape.height, shape.width))
    return {place: tuple(sites) for place, sites in found.items()}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("backbone", BACKBONE_CHOICES, ids=str)
def test_sites_are_the_feature_maps_that_attention_really_sees(backbone, shape):
    sites = placement_sites(backbone, shape)
    inserted = {place: at for place, at in sites.items() if place.position != "replace_3x3"}
    assert inserted == hooked_sites(backbone, shape)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("backbone", BACKBONE_CHOICES, ids=str)
def test_what_replaces_a_convolution_gets_its_map_and_its_shape(backbone, shape):
    found = {}

    def note(place, conv, args):
        site = Site(*args[0].shape[1:], conv.out_channels, conv.stride[0])
        found.setdefault(place, []).append(site)

    with torch.device("meta"):
        model = build(Architecture(backbone), shape).eval()
        for name, block in model.named_modules():
            if isinstance(block, Block):
                place = Placement(f"stage{name[5]}", "replace_3x3")
                conv = block.get_submodule(block.first_3x3[0])
                conv.register_forward_pre_hook(partial(note, place))
        model(torch.empty(1, shape.channels, shape.height, shape.width))
    sites = placement_sites(backbone, shape)
    given = {p: tuple(replace(site, freed=(0, 0)) for site in sites[p]) for p in found}
    assert given == {p: tuple(at) for p, at in found.items()}


def test_a_choice_must_suit_the_channels_on_both_sides_of_what_it_replaces():
    se = complete("se", {"ratio": 16})
    assert refused_at(se, [Site(16, 4, 4), Site(16, 4, 4, 32, 2)], "pre_add") is None
    assert "8 channels" in refused_at(se, [Site(16, 4, 4, 8)], "pre_add")
    assert "8 channels" in refused_at(se, [Site(8, 4, 4, 16)], "pre_add")


@pytest.mark.parametrize("name", BACKBONES)
def test_each_row_is_whole(name):
    row = BACKBONES[name]
    assert row.paper
    assert list(row.stages) == [f"stage{i + 1}" for i in range(len(row.stages))]
    assert all(axis.accepts(axis.default) and axis.says for axis in row.axes)
    assert complete_backbone(name, {}).as_dict().keys() == {axis.name for axis in row.axes}


@pytest.mark.parametrize(
    ("name", "axes", "path", "says"),
    [
        ("resnet81", {}, ("name",), "did you mean 'resnet18'?"),
        ("cifar_resnet", {"deep": 8}, ("deep",), "did you mean 'depth'?"),
        ("cifar_resnet", {"depth": 9}, ("depth",), "cifar_resnet.depth is 9; allowed: 6n+2"),
        ("cifar_resnet", {"depth": 2}, ("depth",), "6n+2 with n from 1"),
        ("cifar_resnet", {"depth": 8.0}, ("depth",), "8.0"),
        ("cifar_resnet", {"width": 0}, ("width",), "an integer from 1"),
        ("cifar_resnet", {"stem_stride": 3}, ("stem_stride",), "allowed: 1, 2"),
        ("resnet18", {"stem": "cifr"}, ("stem",), "allowed: imagenet, cifar"),
    ],
)
def test_refusals_name_value_and_what_is_allowed(name, axes, path, says):
    with pytest.raises(SpaceError) as caught:
        complete_backbone(name, axes)
    assert says in str(caught.value)
    assert caught.value.path == path

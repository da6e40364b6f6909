"""Every type at every place of every family of backbones: plugging in changes nothing at first."""

import copy
from functools import cache, partial

import pytest
import torch
from torch import fx

from search_spaces.architecture import TaskShape
from search_spaces.attention_type import OUTPUT
from search_spaces.backbones.insertion import insert
from search_spaces.backbones.table import complete_backbone, refused_at
from search_spaces.backbones.traced import bare, study
from search_spaces.backbones.tracing import Opened, open_model
from search_spaces.build import attention_module
from search_spaces.catalogue import CATALOGUE
from tests.contracts.attention_variants import VARIANTS
from tests.search_spaces.small_choices import shrunk, small

SHAPE = TaskShape(3, 64, 64, 10)

#: One of each family of torchvision's; the small ones, which are looked at again, are last.
FAMILIES = (
    "vgg11_bn",
    "wide_resnet50_2",
    "densenet121",
    "mobilenet_v2",
    "efficientnet_b0",
    "convnext_tiny",
    "regnet_y_400mf",
    "resnext50_32x4d",
    "torchvision/resnet18",
    "mobilenet_v3_small",
    "shufflenet_v2_x0_5",
    "mnasnet0_5",
)

#: Of the largest output: what resamples the map at its own positions rounds, all else hardly.
ROUNDING = {"warp": 1e-4, "other": 1e-6}

#: Too slow for every type at every place in each run of the tests.
HEAVY = (
    "resnext50_32x4d",
    "wide_resnet50_2",
    "regnet_y_400mf",
    "densenet121",
    "mobilenet_v2",
    "efficientnet_b0",
    "convnext_tiny",
    "vgg11_bn",
)

#: What can't leave a backbone's output as it was, whatever the start: it has to learn first.
#: The same is true of a built-in squeeze-and-excitation that is removed or replaced.
NOT_IDENTITY = {
    "sk": "stands for a convolution",
    "split": "stands for a convolution",
    "encoder(norm=post)": "normalises the sum of its input and its output",
}


def changes(choice):
    """Whether a choice is one of those that can't be identities."""
    post = choice.name == "encoder" and choice.as_dict()["norm"] == "post"
    return post or CATALOGUE[choice.name].family == "replace"


def lively(model):
    """In eval mode, with statistics and scales at which every block has a say in the output."""
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
        if hasattr(module, "layer_scale"):
            torch.nn.init.ones_(module.layer_scale)
        if isinstance(module, torch.nn.Dropout) or name.endswith("stochastic_depth"):
            module.p = 0.0
    with torch.no_grad():
        model.train()(torch.randn(4, 3, 64, 64))
    return model.eval()


@cache
def backbone(name):
    """The model as it is, opened, its output and what is known of it."""
    choice = complete_backbone(name, {})
    torch.manual_seed(0)
    model = lively(bare(choice, SHAPE))
    image = torch.randn(1, 3, 64, 64)
    keys = set(model.state_dict())
    with torch.no_grad():
        output = model(image)
    assert output.abs().max() > 0.01
    return open_model(model), image, output, keys, study(choice, SHAPE)


def fits(choice, place, known):
    """Whether a choice may stand at a place."""
    allowed = place.position in CATALOGUE[choice.name].positions
    return allowed and refused_at(choice, known.sites[place], place.position) is None


def plugged(name, attention, start="identity"):
    """The model with attention, which shares the opened model's weights."""
    opened, *_, known = backbone(name)
    piece = fx.GraphModule(opened.model, copy.deepcopy(opened.pieces[""].graph))
    makers = {
        place: partial(attention_module, choice, start=start) for place, choice in attention.items()
    }
    view = Opened(piece, {"": piece}, opened.kinds)
    return insert(view, known.layout, makers, known.channels).eval()


def everywhere(name, choice):
    """The choice at every place that takes it."""
    *_, known = backbone(name)
    places = [place for place in known.sites if place.position != OUTPUT]
    return {place: choice for place in places if fits(choice, place, known)}


def holds(name, attention):
    """Nothing is changed by the attention, and every key is still there."""
    _, image, output, keys, _ = backbone(name)
    model = plugged(name, attention)
    with torch.no_grad():
        difference = (model(image) - output).abs().max()
    warps = any(CATALOGUE[choice.name].family == "warp" for choice in attention.values())
    allowed = ROUNDING["warp" if warps else "other"]
    assert difference <= allowed * output.abs().max(), attention
    found = set(model.state_dict())
    assert keys <= found
    assert all(key.startswith("attention.") for key in found - keys)


IDENTITIES = [choice for choice in map(small, CATALOGUE) if not changes(choice)]


@pytest.mark.parametrize("name", FAMILIES)
def test_every_place_takes_attention_that_leaves_the_output_as_it_was(name):
    """Every place at once, each with the next type that may stand there."""
    *_, known = backbone(name)
    waiting, attention = list(IDENTITIES), {}
    for place in known.sites:
        choice = next((c for c in waiting if fits(c, place, known)), None)
        if choice is not None:
            attention[place] = choice
            waiting = [*(c for c in waiting if c != choice), choice]
    inside = [place for place in known.sites if place.position not in (OUTPUT, "replace_3x3")]
    assert set(inside) <= set(attention)
    holds(name, attention)
    if name in HEAVY:
        backbone.cache_clear()  # all of them together take more than a gigabyte of memory


@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in HEAVY])
def test_every_type_at_every_place_leaves_the_output_as_it_was(name):
    for choice in IDENTITIES:
        attention = everywhere(name, choice)
        assert attention, choice
        holds(name, attention)


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "shufflenet_v2_x0_5"])
def test_the_comparison_would_see_attention_that_is_no_identity(name):
    """At each place by itself, so that none of them is without a reader."""
    _, image, output, _, known = backbone(name)
    for place in known.sites:
        choice = small("se")
        if place.position != OUTPUT and fits(choice, place, known):
            with torch.no_grad():
                changed = plugged(name, {place: choice}, start="paper")(image)
            assert (changed - output).abs().max() > 10 * ROUNDING["warp"] * output.abs().max(), (
                place
            )


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_every_variant_at_every_place_leaves_the_output_as_it_was(name):
    for choice in dict.fromkeys([*IDENTITIES, *map(shrunk, VARIANTS)]):
        if not changes(choice):
            holds(name, everywhere(name, choice))


def test_what_is_no_identity_is_listed():
    families = {name for name, kind in CATALOGUE.items() if kind.family == "replace"}
    assert families | {"encoder(norm=post)"} == set(NOT_IDENTITY)


@pytest.mark.parametrize("name", ["torchvision/resnet18", "resnext50_32x4d", "regnet_y_400mf"])
def test_what_stands_for_convolutions_runs_in_their_place(name):
    _, image, output, *_ = backbone(name)
    for kind in ("sk", "split"):
        attention = everywhere(name, small(kind))
        assert {place.position for place in attention} == {"replace_3x3"}
        with torch.no_grad():
            assert plugged(name, attention)(image).shape == output.shape
    if name in HEAVY:
        backbone.cache_clear()

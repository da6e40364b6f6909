"""Held to the real modules: what has one form builds one module, what has two builds two."""

import itertools

import pytest
import torch

from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.axes import Axis
from search_spaces.backbones.table import complete_backbone, placement_sites
from search_spaces.build import attention_module, build
from search_spaces.canonical import canonical
from search_spaces.catalogue import CATALOGUE, complete
from search_spaces.cost import cost_of

SHAPE = TaskShape(1, 16, 16, 10)
#: One block a stage, two blocks a stage.
SHALLOW = complete_backbone("cifar_resnet", {"depth": 8, "width": 12})
DEEP = complete_backbone("cifar_resnet", {"depth": 14, "width": 12})

#: Values tried of an axis that takes any number.
TRIED = {"ratio": (1, 2, 3, 5, 6, 12), "width": (2, 12, 24, 128), "channel_kernel": (3, 5)}
TRIED |= {"m_ratio": (1, 4), "n_ratio": (1, 4), "spatial_ratio": (1, 4), "kernel_size": (3, 5)}


def tried(axis: Axis) -> list:
    values = [*axis.values, axis.default, *TRIED.get(axis.name, ())]
    return [v for v in dict.fromkeys(values) if axis.accepts(v)][:7]


def choices(name: str) -> list[Choice]:
    """Every spelling that the tried values give, one axis after another from the defaults."""
    kind = CATALOGUE[name]
    small = {"groups": 2, "ratio": 2, "layers": 1, "pool": 2}
    base = {
        a.name: small[a.name] for a in kind.axes if a.name in small and a.accepts(small[a.name])
    }
    found = [complete(name, base)]
    for axis in kind.axes:
        for value in tried(axis):
            found.append(complete(name, {**base, axis.name: value}))
    return list(dict.fromkeys(found))


def module_of(choice: Choice, placement: Placement) -> tuple:
    """The module's weights and its outputs, from a fixed seed."""
    site = placement_sites(SHALLOW, SHAPE)[placement][0]
    torch.manual_seed(0)
    module = attention_module(choice, site.channels, "paper", **site.convolution).eval()
    x = torch.randn(2, site.channels, site.height, site.width)
    with torch.no_grad():
        y = module(x)
    return tuple((k, tuple(v.shape), v.sum().item()) for k, v in module.state_dict().items()), y


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_one_form_one_module(name):
    """At 24 channels: some ratios are bounded, some widths exceed them."""
    placement = Placement("stage2", CATALOGUE[name].default_position)
    if placement not in placement_sites(SHALLOW, SHAPE):
        placement = Placement("stage2", "stage_end")
    if CATALOGUE[name].default_position == "stem_end":
        placement = Placement("stem", "stem_end")
    by_form: dict[Architecture, list[Choice]] = {}
    for choice in choices(name):
        form = canonical(Architecture.of(SHALLOW, {placement: choice}), SHAPE)
        assert canonical(form, SHAPE) == form
        by_form.setdefault(form, []).append(choice)
    built = []
    for form, spellings in by_form.items():
        weights, y = module_of(dict(form.attention)[placement], placement)
        for choice in spellings:
            again, z = module_of(choice, placement)
            assert again == weights and torch.equal(y, z), (str(choice), str(form))
        built.append((weights, y))
    if name in ("se", "coordinate", "gsop", "eca", "split", "sk"):
        for (left, y), (right, z) in itertools.combinations(built, 2):
            assert left != right or not torch.equal(y, z)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("se", {"ratio": 4}), ("se", {"ratio": 12})),
        (("coordinate", {"ratio": 2}), ("coordinate", {"ratio": 12})),
        (("gsop", {"width": 64}), ("gsop", {"width": 128})),
        (("eca", {"kernel_size": 3}), ("eca", {"kernel_size": "adaptive"})),
        (("se", {"ratio": 2, "share": True}), ("se", {"ratio": 2})),
    ],
)
def test_spellings_of_one_model_have_one_hash_and_one_cost(left, right):
    place = Placement("stage1", "pre_add")
    both = [Architecture.of(SHALLOW, {place: complete(*choice)}) for choice in (left, right)]
    assert both[0].hash != both[1].hash
    assert len({canonical(architecture, SHAPE).hash for architecture in both}) == 1
    assert len({cost_of(architecture, SHAPE) for architecture in both}) == 1
    models = []
    for architecture in both:
        torch.manual_seed(0)
        models.append(build(architecture, SHAPE).eval())
    x = torch.randn(2, 1, 16, 16)
    assert torch.equal(models[0](x), models[1](x))


def test_what_two_blocks_share_stays_shared():
    place = Placement("stage1", "pre_add")
    shared = Architecture.of(DEEP, {place: complete("se", {"ratio": 2, "share": True})})
    assert dict(canonical(shared, SHAPE).attention)[place].shared


def test_defaults_are_written_out():
    bare = Architecture.of(Choice("cifar_resnet"), {Placement("stage3", "pre_add"): Choice("se")})
    full = canonical(bare, SHAPE)
    assert dict(full.backbone.axes)["depth"]
    assert dict(full.attention)[Placement("stage3", "pre_add")].as_dict()["ratio"]

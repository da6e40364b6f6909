import random
import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from search_spaces.amount import Cost
from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.attention_type import IN_BLOCKS
from search_spaces.backbones.table import Site
from search_spaces.build import build
from search_spaces.catalogue import CATALOGUE, SINGLE, positions_in
from search_spaces.cost import cost_of, cost_range, measure
from search_spaces.errors import SpaceError
from search_spaces.ready import ready_space
from search_spaces.space import SearchSpace
from tests.search_spaces.small_choices import small

CIFAR = TaskShape(3, 32, 32, 10)
ODD = TaskShape(1, 17, 13, 7)


def everywhere_in(stages):
    """An entry with every type at every position that it may take in these stages."""
    here = positions_in("stage1" if stages == "all" else stages)
    types = {"none": None}
    for name, kind in CATALOGUE.items():
        positions = [position for position in kind.positions if position in here]
        if positions:
            searched = {"ratio": [2, 8], "groups": [2, 4]}
            axes = {axis: values for axis, values in searched.items() if kind.axis(axis)}
            types[name] = {"positions": positions, **axes}
    types["non_local"] |= {
        "mode": ["gaussian", "embedded_gaussian", "dot_product", "concatenation"],
        "subsample": [1, 2],
    }
    if "encoder" in types:
        types["encoder"] |= {"heads": [1, 4], "layers": [1, 2]}
    return {"stages": stages, "types": types}


#: Every type, at every position where it may stand, beside the backbone's axes.
EVERYTHING = SearchSpace.from_dict(
    {
        "backbone": {"name": "cifar_resnet", "depth": [8, 14], "width": [8, 12]},
        "attention": [everywhere_in(stages) for stages in ("stem", "all", "backbone")],
    }
)


class Products(nn.Module):
    """One of each product that attention computes."""

    def __init__(self):
        super().__init__()
        self.band = nn.Conv1d(1, 1, 3, padding=1, bias=False)
        self.linear = nn.Linear(6, 5)
        self.grouped = nn.Conv2d(6, 12, 3, padding=2, dilation=2, groups=3)

    def forward(self, x):
        self.linear(self.band(x.mean((2, 3)).unsqueeze(1)).squeeze(1))
        self.linear(x.flatten(2).transpose(1, 2))
        pairs = torch.bmm(x.flatten(2).transpose(1, 2), x.flatten(2))
        torch.einsum("bij,bcj->bci", pairs, x.flatten(2))
        x.flatten(2) @ pairs
        self.grouped(x)
        return x * x.sigmoid() + nn.functional.max_pool2d(x, 1)


def measured(architecture, shape):
    with torch.device("meta"):
        return measure(build(architecture, shape), shape)


def test_products_are_counted_by_their_closed_form_and_the_rest_is_free():
    module, n = Products(), 4 * 3
    cost = measure(module, Site(6, 4, 3))
    assert cost.parameters == 3 + (6 * 5 + 5) + (12 * 2 * 9 + 12)
    band, linear, linears = 6 * 3, 6 * 5, n * 6 * 5
    pairs, einsum, matmul = n * n * 6, 6 * n * n, 6 * n * n
    grouped = n * 12 * 2 * 9
    assert cost.forward_flops == 2 * (band + linear + linears + pairs + einsum + matmul + grouped)


def test_resnet50_has_the_known_cost():
    """25,557,032 parameters and 4.089 thousand million multiply-adds, as torchvision says."""
    cost = cost_of(Architecture(Choice("resnet50")), TaskShape(3, 224, 224, 1000))
    assert cost.parameters == 25_557_032
    assert cost.forward_flops == 8_178_368_512


def test_measuring_changes_nothing_in_the_module():
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).train()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    measure(module, Site(3, 5, 5))
    assert module.training
    assert module[1].training
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
    assert not any(parameter.is_meta for parameter in module.parameters())


def test_costs_add_up_by_field():
    assert Cost(1, 20) + Cost(3, 4) == Cost(4, 24)


@given(st.integers(0, 2**32), st.sampled_from([CIFAR, ODD]))
@settings(max_examples=25, deadline=None)
def test_the_sum_of_the_parts_is_the_cost_of_the_whole(seed, shape):
    architecture = EVERYTHING.sample(random.Random(seed))
    assert cost_of(architecture, shape) == measured(architecture, shape)


@pytest.mark.parametrize("name", CATALOGUE)
@pytest.mark.parametrize("backbone", ["cifar_resnet", "resnet18", "resnet50"])
def test_every_type_adds_up_in_every_kind_of_block(name, backbone):
    """In one network, which takes long to build: each position of the type in another stage."""
    stages = 3 if backbone == "cifar_resnet" else 4
    places = {
        Placement(SINGLE.get(position, f"stage{1 + number % stages}"), position): small(name)
        for number, position in enumerate(CATALOGUE[name].positions)
    }
    architecture = Architecture.of(Choice.of(backbone, {"width": 16}), places, "paper")
    assert cost_of(architecture, CIFAR) == measured(architecture, CIFAR)


def test_missing_axes_cost_as_their_defaults():
    short = Architecture.of(Choice("cifar_resnet"), {Placement("stage1", "pre_add"): Choice("se")})
    assert cost_of(short, CIFAR) == measured(short, CIFAR)


def test_what_can_not_be_built_has_no_cost():
    place = {Placement("stage1", "pre_add"): Choice.of("se", {"ratio": 32})}
    with pytest.raises(SpaceError, match=r"stage1\.pre_add: se\(ratio=32\): ratio 32 is larger"):
        cost_of(Architecture.of(Choice("cifar_resnet"), place), CIFAR)


def test_the_range_is_what_enumerating_gives():
    section = {
        "backbone": {"name": "cifar_resnet", "depth": 8, "width": [8, 12]},
        "attention": [
            {"stages": [1, 3], "types": {"se": {"ratio": [2, 8]}, "eca": None}},
            {"stages": 2, "types": {"none": None, "non_local": {"subsample": [1, 2]}}},
        ],
    }
    space = SearchSpace.from_dict(section)
    costs = [cost_of(architecture, CIFAR) for architecture in space.enumerate()]
    low, high = cost_range(space, CIFAR)
    assert low == Cost(min(c.parameters for c in costs), min(c.forward_flops for c in costs))
    assert high == Cost(max(c.parameters for c in costs), max(c.forward_flops for c in costs))


def test_a_known_cost_takes_microseconds():
    space = SearchSpace.from_dict(ready_space("cifar_small"))
    cost_range(space, CIFAR)
    rng = random.Random(0)
    candidates = [space.sample_uniform(rng) for _ in range(2000)]
    start = time.perf_counter()
    for candidate in candidates:
        cost_of(candidate, CIFAR)
    assert (time.perf_counter() - start) / len(candidates) < 200e-6


SHAREABLE = [
    (name, position)
    for name, kind in CATALOGUE.items()
    for position in IN_BLOCKS
    if position in kind.positions
]


@pytest.mark.parametrize(("name", "position"), SHAREABLE)
def test_shared_attention_counts_its_parameters_once_and_its_work_each_time(name, position):
    backbone = Choice.of("cifar_resnet", {"depth": 14, "width": 8})
    plain = cost_of(Architecture(backbone), ODD)
    costs = []
    for share in (False, True):
        choice = Choice.of(name, {**small(name).as_dict(), **({"share": True} if share else {})})
        architecture = Architecture.of(backbone, {Placement("stage1", position): choice})
        costs.append(cost_of(architecture, ODD) - plain)
    with torch.device("meta"):
        assert cost_of(architecture, ODD) == measure(build(architecture, ODD), ODD)
    own, shared = costs
    assert shared.forward_flops == own.forward_flops
    freed = 0 if position != "replace_3x3" else 2 * (9 * 8 * 8 + 2 * 8)
    assert 2 * (shared.parameters + freed) == own.parameters + freed


def test_a_shared_module_of_a_traced_backbone_is_counted_once():
    backbone = Choice.of("torchvision/resnet18", {})
    choice = Choice.of("se", {"ratio": 16, "share": True})
    architecture = Architecture.of(backbone, {Placement("stage2", "pre_add"): choice})
    with torch.device("meta"):
        assert cost_of(architecture, CIFAR) == measure(build(architecture, CIFAR), CIFAR)

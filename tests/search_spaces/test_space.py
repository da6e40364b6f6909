import copy
import json
import pickle
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.attention_type import IN_BLOCKS
from search_spaces.catalogue import CATALOGUE
from search_spaces.errors import SpaceError, SpaceErrors
from search_spaces.space import SearchSpace

CIFAR = TaskShape(3, 32, 32, 10)

#: The example of the documentation, every feature in it.
SECTION = {
    "backbone": {"name": "cifar_resnet", "depth": [8, 14], "width": [8, 16, 24]},
    "start": "identity",
    "attention": [
        {
            "stages": "all",
            "positions": ["pre_add", "after_3x3"],
            "types": {
                "none": None,
                "se": {"ratio": [4, 16]},
                "eca": {"kernel_size": ["adaptive", 3]},
                "cbam": {"ratio": [4, 16], "composition": ["serial_cs", "par_logit_sum"]},
                "non_local": {
                    "positions": ["post_add"],
                    "mode": ["embedded_gaussian", "dot_product"],
                    "scale": [False, True],
                },
            },
        },
        {
            "stages": [3],
            "positions": ["stage_end"],
            "types": {"none": None, "bam": {"dilation": [1, 4]}},
        },
    ],
}


def values_of(axis):
    """Some values that an axis accepts."""
    return axis.values or tuple(value for value in range(1, 5) if axis.accepts(value))


def some(values):
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


def with_meaning(kind, chosen):
    """The chosen values, and a value of every axis that one of their axes depends on."""
    offered = dict(chosen)
    for axis in reversed(kind.axes):
        if axis.name in offered and axis.when is not None:
            parent, needed = axis.when
            given = offered.get(parent, [kind.axis(parent).default])
            offered[parent] = given if set(given) & set(needed) else [*given, needed[0]]
    return offered


@st.composite
def types(draw, positions):
    """Offers of one entry whose types stand at some of the positions."""
    offered = {"none": None} if draw(st.booleans()) else {}
    for name in draw(some(sorted(CATALOGUE))):
        allowed = [p for p in positions if p in CATALOGUE[name].positions]
        if allowed:
            axes = draw(st.lists(st.sampled_from(CATALOGUE[name].axes), max_size=2))
            offered[name] = {"positions": draw(some(allowed))}
            chosen = {axis.name: draw(some(values_of(axis))) for axis in axes}
            offered[name] |= with_meaning(CATALOGUE[name], chosen)
            if draw(st.booleans()) and set(offered[name]["positions"]) & set(IN_BLOCKS):
                offered[name]["share"] = draw(some((True, False)))
    return offered or {"none": None}


@st.composite
def sections(draw):
    """Small valid sections of the job file."""
    attention = [
        {"stages": draw(some((1, 2, 3))), "types": draw(types(("after_3x3", "pre_add")))},
        {"stages": draw(some((1, 2, 3))), "types": draw(types(("post_add", "stage_end")))},
    ]
    backbone = {"name": "cifar_resnet", "width": draw(some((8, 16)))}
    return {"backbone": backbone, "attention": attention[: draw(st.integers(1, 2))]}


spaces = sections().map(SearchSpace.from_dict)
seeds = st.integers(0, 2**32).map(random.Random)


def changed(before, after):
    """Names whose answers differ, leaving out what only one of the two was asked."""
    return {name for name in before.keys() & after.keys() if before[name] != after[name]}


def test_the_documented_example_has_the_size_that_counting_by_hand_gives():
    space = SearchSpace.from_dict(SECTION)
    # none 1 · se 2x2 · eca 2x2 · cbam 2x2x2 · non_local: embedded 2 + dot product 1
    slot = 1 + 4 + 4 + 8 + 3
    assert space.size() == (2 * 3) * slot**3 * (1 + 2)


def test_slots_are_named_by_stage_and_a_second_entry_counts_on():
    names = [slot.name for slot in SearchSpace.from_dict(SECTION).slots]
    assert names == ["stage1", "stage2", "stage3", "stage3+2"]


def test_a_walk_asks_only_active_parameters_in_a_fixed_order():
    asked = []

    def choose(name, values):
        asked.append(name)
        wanted = {"stage1.type": "non_local", "stage2.type": "se", "stage3+2.type": "bam"}
        return wanted.get(name, values[0])

    architecture = SearchSpace.from_dict(SECTION).walk(choose)
    assert asked == [
        "backbone.depth",
        "backbone.width",
        "stage1.type",
        "stage1.non_local.mode",
        "stage1.non_local.scale",
        "stage2.type",
        "stage2.se.position",
        "stage2.se.ratio",
        "stage3.type",
        "stage3+2.type",
        "stage3+2.bam.dilation",
    ]
    assert dict(architecture.attention) == {
        Placement("stage1", "post_add"): Choice.of(
            "non_local", {"mode": "embedded_gaussian", "ratio": 2, "subsample": 1, "scale": False}
        ),
        Placement("stage2", "pre_add"): Choice.of("se", {"ratio": 4}),
        Placement("stage3", "stage_end"): Choice.of(
            "bam", {"ratio": 16, "dilation": 1, "composition": "par_logit_sum"}
        ),
    }


def test_an_inactive_axis_is_neither_asked_nor_held():
    space = SearchSpace.from_dict(SECTION)
    wanted = {"stage1.type": "non_local", "stage1.non_local.mode": "dot_product"}
    architecture = space.walk(lambda name, values: wanted.get(name, values[0]))
    assert "stage1.non_local.scale" not in space.params_of(architecture)
    assert "scale" not in dict(architecture.attention)[Placement("stage1", "post_add")].as_dict()


def test_an_answer_that_is_not_offered_is_refused():
    with pytest.raises(SpaceError, match=r"backbone\.width is 17; allowed: 8, 16, 24"):
        SearchSpace.from_dict(SECTION).walk(lambda name, v: 17 if name.endswith("width") else v[0])


@given(spaces, seeds)
@settings(max_examples=60, deadline=None)
def test_params_of_is_the_inverse_of_walk(space, rng):
    for architecture in (space.sample(rng), space.sample_uniform(rng)):
        params = space.params_of(architecture)
        asked = []

        def answer(name, values, params=params, asked=asked):
            asked.append(name)
            return params[name]

        assert space.walk(answer) == architecture
        assert asked == list(params)


@given(spaces)
@settings(max_examples=40, deadline=None)
def test_the_size_is_the_number_of_distinct_architectures(space):
    if space.size() <= 3000:
        found = list(space.enumerate())
        assert len(found) == len({a.hash for a in found}) == space.size()


@given(spaces, seeds)
@settings(max_examples=60, deadline=None)
def test_json_and_hash_are_stable_and_axes_are_canonical(space, rng):
    architecture = space.sample_uniform(rng)
    again = Architecture.from_json(architecture.to_json())
    assert again == architecture
    assert again.hash == architecture.hash
    assert again in space


@given(spaces)
@settings(max_examples=40, deadline=None)
def test_the_canonical_section_reads_back_to_the_same_space(space):
    section = json.loads(json.dumps(space.to_dict()))
    assert SearchSpace.from_dict(section) == space
    assert SearchSpace.from_dict(section).to_dict() == section


@given(spaces, seeds)
@settings(max_examples=40, deadline=None)
def test_neighbours_are_distinct_in_the_space_and_one_decision_away(space, rng):
    architecture = space.sample(rng)
    before = space.params_of(architecture)
    neighbours = list(space.neighbours(architecture))
    assert len({n.hash for n in neighbours} | {architecture.hash}) == len(neighbours) + 1
    for neighbour in neighbours:
        assert neighbour in space
        assert len(changed(before, space.params_of(neighbour))) == 1


def test_neighbours_change_every_answer_to_every_other_value():
    space = SearchSpace.from_dict(SECTION)
    architecture = space.sample(random.Random(1))
    values = {parameter.name: parameter.values for parameter in space.parameters()}
    others = sum(len(values[name]) - 1 for name in space.params_of(architecture))
    assert len(list(space.neighbours(architecture))) == others


def test_a_new_type_inherits_position_and_equally_named_axes():
    space = SearchSpace.from_dict(SECTION)
    wanted = {"stage1.type": "se", "stage1.se.position": "after_3x3", "stage1.se.ratio": 16}
    architecture = space.walk(lambda name, values: wanted.get(name, values[0]))
    place = Placement("stage1", "after_3x3")
    cbam = [
        dict(n.attention)[place]
        for n in space.neighbours(architecture)
        if dict(n.attention).get(place, architecture.backbone).name == "cbam"
    ]
    assert [choice.as_dict()["ratio"] for choice in cbam] == [16]


@given(spaces, seeds)
@settings(max_examples=40, deadline=None)
def test_parameters_list_what_a_walk_may_ask_and_when(space, rng):
    listed = {parameter.name: parameter for parameter in space.parameters()}
    asked = space.params_of(space.sample(rng))
    assert asked.keys() <= listed.keys()
    for name, parameter in listed.items():
        held = all(asked.get(other) in values for other, values in parameter.conditions)
        assert held == (name in asked)


def test_sample_uniform_reaches_everything_equally():
    section = copy.deepcopy(SECTION)
    section["backbone"] = {"name": "cifar_resnet"}
    section["attention"] = [
        {"stages": 1, "types": {"none": None, "se": {"ratio": [1, 2, 4]}}},
    ]
    space = SearchSpace.from_dict(section)
    rng = random.Random(0)
    drawn = [space.sample_uniform(rng).hash for _ in range(4000)]
    counts = [drawn.count(a.hash) for a in space.enumerate()]
    assert len(counts) == 4
    assert all(abs(count - 1000) < 120 for count in counts)


def test_what_is_not_in_the_space_is_refused():
    space = SearchSpace.from_dict(SECTION)
    inside = space.sample(random.Random(3))
    backbone = Choice.of("cifar_resnet", {**inside.backbone.as_dict(), "width": 12})
    for other in (
        Architecture(backbone, inside.attention),
        Architecture(inside.backbone, inside.attention, "paper"),
        Architecture.of(inside.backbone, {Placement("stage1", "stage_end"): Choice.of("se")}),
        Architecture(Choice.of("resnet18")),
    ):
        assert other not in space
        with pytest.raises(SpaceError):
            space.params_of(other)
    assert "cifar_resnet" not in space


def test_an_index_outside_of_the_space_is_refused():
    space = SearchSpace.from_dict(SECTION)
    with pytest.raises(IndexError, match="outside of a space of"):
        space.at(space.size())


def test_check_names_each_refused_type_and_placement_with_its_path():
    with pytest.raises(SpaceErrors) as caught:
        SearchSpace.from_dict(SECTION).check(CIFAR)
    errors = caught.value.errors
    assert {error.path for error in errors} == {
        ("attention", 0, "types", "se"),
        ("attention", 0, "types", "cbam"),
    }
    assert len(errors) == 4
    assert all("stage1." in str(e) and "width=8" in str(e) for e in errors)
    assert "ratio 16 is larger than the 8 channels" in str(errors[0])


def test_check_refuses_pairwise_maps_that_memory_does_not_hold_and_takes_what_fits():
    section = {
        "backbone": {"name": "resnet18", "stem": "cifar"},
        "attention": [{"stages": [1], "types": {"none": None, "non_local": None}}],
    }
    SearchSpace.from_dict(section).check(CIFAR)
    with pytest.raises(SpaceErrors, match="subsample 2, mode dot_product or a later stage"):
        SearchSpace.from_dict(section).check(TaskShape(3, 64, 64, 10))


def test_a_space_can_be_pickled_for_a_worker():
    space = SearchSpace.from_dict(SECTION)
    assert space.size() == pickle.loads(pickle.dumps(space)).size()
    assert pickle.loads(pickle.dumps(space)) == space


def test_spaces_are_read_without_torch():
    code = (
        "import sys, search_spaces.space, search_spaces.ready, search_spaces.backbones.table;"
        "print(sorted({'torch', 'torchvision', 'ray', 'mlflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def sharing(**se):
    entry = {"stages": [1], "types": {"none": None, "se": se}}
    return SearchSpace.from_dict({"backbone": {"name": "cifar_resnet"}, "attention": [entry]})


def test_sharing_is_asked_where_attention_stands_in_blocks():
    space = sharing(positions=["pre_add", "stage_end"], share=[True, False])
    assert space.size() == 4
    asked = {parameter.name: parameter for parameter in space.parameters()}["stage1.se.share"]
    assert asked.values == (False, True)
    assert asked.conditions == (
        ("stage1.type", ("se",)),
        ("stage1.se.position", ("pre_add",)),
    )
    written = [a.to_dict()["attention"] for a in space.enumerate()]
    assert [item.get("stage1.pre_add", {}).get("share") for item in written] == [
        None, None, True, None,
    ]  # fmt: skip
    assert not any("share" in item.get("stage1.stage_end", {}) for item in written)


def test_a_space_without_sharing_says_nothing_of_it():
    assert sharing(share=False).to_dict() == sharing().to_dict()
    assert "share" not in json.dumps(sharing().to_dict())
    assert sharing(share=True).size() == sharing().size() == 2


def test_an_entry_shares_all_types_that_stand_in_blocks_but_those_that_say_otherwise():
    types = {"se": None, "eca": {"share": False}, "bam": None}
    section = {
        "backbone": {"name": "cifar_resnet"},
        "attention": [{"stages": [1], "share": True, "types": types}],
    }
    space = SearchSpace.from_dict(section)
    found = [choice for a in space.enumerate() for _, choice in a.attention]
    assert {choice.name: choice.shared for choice in found} == {
        "se": True,
        "eca": False,
        "bam": False,
    }
    assert SearchSpace.from_dict(space.to_dict()) == space


def test_blocks_that_differ_are_refused_before_anything_is_built():
    section = {
        "backbone": {"name": "cifar_resnet"},
        "attention": [
            {"stages": [1, 2], "types": {"sk": {"groups": 8, "share": [False, True]}}},
        ],
    }
    with pytest.raises(SpaceErrors) as caught:
        SearchSpace.from_dict(section).check(CIFAR)
    (error,) = caught.value.errors
    assert str(error).startswith("stage2.replace_3x3 of cifar_resnet")
    assert "have strides 1, 2, so that they can't share one module" in str(error)


def traced(name, *entries):
    return SearchSpace.from_dict({"backbone": {"name": name}, "attention": list(entries)})


def test_slots_of_a_users_factory_go_by_number_then_by_path():
    types = {"none": None, "se": None}
    space = traced(
        "my.net:make",
        {"stages": "body.3", "types": types},
        {"stages": [10, 2], "types": types},
        {"stages": "stem", "types": types},
    )
    assert [slot.stage for slot in space.slots] == ["stem", "stage2", "stage10", "body.3"]
    assert SearchSpace.from_dict(space.to_dict()) == space
    architecture = space.sample(random.Random(3))
    assert space.walk(lambda name, _: space.params_of(architecture)[name]) == architecture


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"stages": 1, "positions": "pre_add"}, "stage1 has no pre_add in this backbone"),
        ({"stages": "features.44"}, "did you mean 'features.4.output'?"),
        ({"stages": "features.4"}, None),
    ],
)
def test_placements_that_tracing_does_not_find_are_refused(entry, says):
    space = traced("mobilenet_v3_small", {**entry, "types": {"none": None, "se": {"ratio": 2}}})
    if says is None:
        space.check(TaskShape(3, 32, 32, 10))
        return
    with pytest.raises(SpaceErrors) as caught:
        space.check(TaskShape(3, 32, 32, 10))
    assert says in str(caught.value)
    assert caught.value.errors[0].path == ("attention", 0, "types", "se")


def test_a_backbone_that_cannot_be_made_is_refused_at_its_place():
    space = traced("no_such_package_here:net", {"stages": 1, "types": {"se": None}})
    with pytest.raises(SpaceErrors, match="can't be imported") as caught:
        space.check(TaskShape(3, 32, 32, 10))
    assert caught.value.errors[0].path == ("backbone", "name")

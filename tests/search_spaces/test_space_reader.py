import pytest

from search_spaces.errors import SpaceErrors
from search_spaces.offers import Offer
from search_spaces.space_reader import read_space

BACKBONE = {"name": "cifar_resnet"}
SE = [{"stages": "all", "positions": ["pre_add"], "types": {"none": None, "se": None}}]


def errors_of(section):
    with pytest.raises(SpaceErrors) as caught:
        read_space(section)
    return {error.path: str(error) for error in caught.value.errors}


def with_types(types, **entry):
    return {"backbone": BACKBONE, "attention": [{"types": types, **entry}]}


def test_defaults_are_filled_in():
    backbone, entries, start = read_space({"backbone": BACKBONE, "attention": SE})
    assert [(axis.name, axis.values) for axis in backbone.axes] == [
        ("depth", (20,)),
        ("width", (16,)),
        ("stem_stride", (1,)),
    ]
    assert entries[0].stages == ("stage1", "stage2", "stage3")
    assert entries[0].offers[1].axes[0].values == (16,)
    assert start == "identity"


def test_without_positions_a_type_stands_where_its_paper_puts_it():
    _, entries, _ = read_space(with_types({"se": None, "bam": None, "non_local": None}))
    where = {offer.name: offer.positions for offer in entries[0].offers}
    assert where == {"se": ("pre_add",), "bam": ("stage_end",), "non_local": ("post_add",)}


def test_a_type_may_replace_the_positions_of_its_entry():
    types = {"se": None, "non_local": {"positions": "post_add"}}
    _, entries, _ = read_space(with_types(types, positions=["pre_add"]))
    assert entries[0].positions == ("pre_add", "post_add")


@pytest.mark.parametrize("key", [None, "none"])
def test_both_spellings_of_none_are_understood(key):
    _, entries, _ = read_space(with_types({key: None, "se": None}))
    assert entries[0].offers[0] == Offer("none")


@pytest.mark.parametrize(("stages", "read"), [(2, ("stage2",)), ([3, 1], ("stage1", "stage3"))])
def test_stages_by_number(stages, read):
    _, entries, _ = read_space(with_types({"se": None}, stages=stages))
    assert entries[0].stages == read


@pytest.mark.parametrize("stages", ["stem", ["stem"]])
def test_before_and_behind_the_stages_there_is_one_position(stages):
    _, entries, _ = read_space(with_types({"none": None, "bam": None}, stages=stages))
    assert entries[0].stages == ("stem",)
    assert entries[0].offers[1].positions == ("stem_end",)
    assert entries[0].to_dict()["stages"] == "stem"


def test_axes_that_never_can_exist_are_left_out():
    _, entries, _ = read_space(with_types({"non_local": {"mode": "dot_product"}}))
    assert "scale" not in [axis.name for axis in entries[0].offers[0].axes]


@pytest.mark.parametrize(
    ("section", "path", "says"),
    [
        (3, (), "space must be a mapping"),
        ({"attention": SE}, (), "backbone is missing"),
        ({"backbone": "resnet18", "attention": SE}, ("backbone",), "must be a mapping"),
        ({"backbone": {"width": 8}, "attention": SE}, ("backbone",), "backbone.name is missing"),
        ({"backbone": {"name": ["resnet18"]}, "attention": SE}, ("backbone",), "not one name"),
        (
            {"backbone": {"name": "resnet81"}, "attention": SE},
            ("backbone", "name"),
            "did you mean 'resnet18'?",
        ),
        (
            {"backbone": {**BACKBONE, "widht": 8}, "attention": SE},
            ("backbone", "widht"),
            "unknown axis of cifar_resnet 'widht' (did you mean 'width'?)",
        ),
        (
            {"backbone": {**BACKBONE, "depth": [8, 9]}, "attention": SE},
            ("backbone", "depth", 1),
            "cifar_resnet.depth is 9; allowed: 6n+2",
        ),
        (
            {"backbone": {**BACKBONE, "width": [8, 8]}, "attention": SE},
            ("backbone", "width", 1),
            "cifar_resnet.width lists 8 twice",
        ),
        (
            {"backbone": {**BACKBONE, "width": []}, "attention": SE},
            ("backbone", "width"),
            "empty list",
        ),
        ({"backbone": BACKBONE}, (), "attention must be a list"),
        ({"backbone": BACKBONE, "attention": []}, ("attention",), "attention is empty"),
        ({"backbone": BACKBONE, "attention": {}}, ("attention",), "must be a list"),
        ({"backbone": BACKBONE, "attention": [3]}, ("attention", 0), "must be a mapping"),
        (
            {"backbone": BACKBONE, "attention": SE, "strat": "paper"},
            ("strat",),
            "unknown key of space 'strat' (did you mean 'start'?)",
        ),
        (
            {"backbone": BACKBONE, "attention": SE, "start": ["paper"]},
            ("start",),
            "fixed for the whole space",
        ),
        (
            with_types({"se": None}, postions=["pre_add"]),
            ("attention", 0, "postions"),
            "did you mean 'positions'?",
        ),
        (
            with_types({"se": None}, stages="stam"),
            ("attention", 0, "stages"),
            "stage 'stam' is not there; allowed: all, stem, backbone, 1 to 3",
        ),
        (
            with_types({"se": None}, stages=["stem", 1]),
            ("attention", 0, "stages", 0),
            "stem has a position of its own: give it its own entry",
        ),
        (
            with_types({"se": None}, positions=["pre_add", "stem_end"]),
            ("attention", 0, "positions", 1),
            "stem_end is outside of the stages; it needs an entry of its own with stages: stem",
        ),
        (
            with_types({"se": {"positions": "post_add"}}, stages="backbone"),
            ("attention", 0, "types", "se", "positions"),
            "post_add is inside of a stage, not at backbone; allowed: backbone_end",
        ),
        (
            with_types({"bam": {"positions": "shortcut"}}),
            ("attention", 0, "types", "bam", "positions"),
            "bam can't stand at shortcut",
        ),
        (with_types({"se": None}, stages=[1, 4]), ("attention", 0, "stages", 1), "1 to 3"),
        (with_types({"se": None}, stages=True), ("attention", 0, "stages"), "stage True"),
        (with_types({"se": None}, stages=[]), ("attention", 0, "stages"), "empty list"),
        (with_types({"se": None}, positions=[]), ("attention", 0, "positions"), "empty list"),
        (
            with_types({"se": None}, positions=["pre_ad"]),
            ("attention", 0, "positions", 0),
            "did you mean 'pre_add'?",
        ),
        (with_types({}), ("attention", 0, "types"), "types is empty"),
        (with_types(["se"]), ("attention", 0, "types"), "must be a mapping"),
        (
            with_types({"cabm": None}),
            ("attention", 0, "types", "cabm"),
            "did you mean 'cbam'?",
        ),
        (with_types({"none": {"ratio": 3}}), ("attention", 0, "types", "none"), "no axes"),
        (with_types({None: None, "none": None}), ("attention", 0, "types", "none"), "twice"),
        (
            with_types({"se": {"ration": 4}}),
            ("attention", 0, "types", "se", "ration"),
            "unknown axis of se 'ration' (did you mean 'ratio'?)",
        ),
        (with_types({"se": 16}), ("attention", 0, "types", "se"), "must be a mapping"),
        (
            with_types({"se": {"ratio": True}}),
            ("attention", 0, "types", "se", "ratio"),
            "se.ratio is True; allowed: an integer from 1",
        ),
        (
            with_types({"se": {"ratio": [4, {"a": 1}]}}),
            ("attention", 0, "types", "se", "ratio", 1),
            "allowed: an integer from 1",
        ),
        (
            with_types({"cbam": {"kernel_size": [3, 4]}}),
            ("attention", 0, "types", "cbam", "kernel_size", 1),
            "cbam.kernel_size is 4; allowed: an odd integer from 1",
        ),
        (
            with_types({"non_local": None}, positions=["pre_add"]),
            ("attention", 0, "types", "non_local"),
            "non_local can't stand at pre_add; allowed: stem_end, post_add, stage_end",
        ),
        (
            with_types({"non_local": {"positions": ["post_add", "pre_add"]}}),
            ("attention", 0, "types", "non_local", "positions", 1),
            "can't stand at pre_add",
        ),
        (
            with_types({"non_local": {"mode": "dot_product", "scale": True}}),
            ("attention", 0, "types", "non_local", "scale"),
            "needs mode gaussian or embedded_gaussian",
        ),
    ],
)
def test_each_mistake_has_its_path_and_says_what_is_allowed(section, path, says):
    found = errors_of(section)
    assert says in found[path]
    assert len(found) == 1


def test_a_placement_offered_by_two_entries_is_refused():
    found = errors_of(
        {"backbone": BACKBONE, "attention": [*SE, {"stages": 2, "types": {"se": None}}]}
    )
    assert found == {("attention", 1): "stage2.pre_add is offered by attention[0] already"}


def test_all_mistakes_are_found_at_once():
    section = {
        "backbone": {"name": "cifar_resnet", "depth": 9},
        "start": "papper",
        "attention": [
            {"stages": 7, "types": {"se": {"ratio": [0, "x"]}, "cabm": None}},
            {"types": None},
        ],
    }
    assert list(errors_of(section)) == [
        ("start",),
        ("backbone", "depth"),
        ("attention", 0, "stages"),
        ("attention", 0, "types", "se", "ratio", 0),
        ("attention", 0, "types", "se", "ratio", 1),
        ("attention", 0, "types", "cabm"),
        ("attention", 1, "types"),
    ]


def test_sharing_is_refused_with_its_path_in_the_entry_or_the_type():
    entry = {"stages": [1], "share": 2, "types": {"bam": {"share": True}}}
    with pytest.raises(SpaceErrors) as caught:
        read_space({"backbone": {"name": "cifar_resnet"}, "attention": [entry]})
    assert {error.path: str(error) for error in caught.value.errors} == {
        ("attention", 0, "share"): "attention[0].share is 2; allowed: false, true",
        ("attention", 0, "types", "bam", "share"): "bam.share has no meaning here: it needs "
        "position replace_3x3 or after_3x3 or pre_add or shortcut or post_add",
    }


def traced(stages, name="mobilenet_v3_small", **entry):
    entry = {"stages": stages, "types": {"none": None, "se": None}, **entry}
    return {"backbone": {"name": name}, "attention": [entry]}


def test_a_modules_path_has_one_position():
    _, entries, _ = read_space(traced("features.4"))
    assert entries[0].stages == ("features.4",)
    assert entries[0].positions == ("output",)
    assert entries[0].to_dict()["stages"] == "features.4"


def test_a_users_factory_takes_any_axis_and_any_stage():
    offer, entries, _ = read_space(
        {
            "backbone": {"name": "my.net:make", "depth": [2, 3], "bias": False},
            "attention": [{"stages": [7, 2], "types": {"se": None}}],
        }
    )
    assert {axis.name: axis.values for axis in offer.axes} == {"depth": (2, 3), "bias": (False,)}
    assert entries[0].stages == ("stage2", "stage7")


@pytest.mark.parametrize(
    ("section", "says"),
    [
        (traced("all", "my.net:make"), "all needs a backbone whose stages are known"),
        (traced(0, "my.net:make"), "stage 0 is not there"),
        (traced(["features.4", 2]), "features.4 names a module: give it its own entry"),
        (traced("features.4", positions="pre_add"), "pre_add is inside of a stage"),
        (traced(1, positions="output"), "output is behind a module"),
        (traced("features.4", "resnet18"), "stage 'features.4' is not there"),
        (traced(1, "my net"), "unknown backbone"),
        (traced(1, "mobilenet_v3"), "did you mean 'mobilenet_v2'?"),
        (traced(1, "a:b:c"), "not of the form package.module:factory"),
    ],
)
def test_mistakes_with_traced_backbones_are_explained(section, says):
    with pytest.raises(SpaceErrors) as caught:
        read_space(section)
    assert says in str(caught.value)


def test_more_than_can_be_looked_at_is_refused_before_it_is():
    many = {"name": "cifar_resnet", "depth": [6 * i + 2 for i in range(1, 300)]}
    many["width"] = list(range(1, 300))
    told = errors_of({"backbone": many, "attention": SE})
    assert "89,401 combinations" in told["backbone",]
    long = {"name": "cifar_resnet", "width": list(range(1, 5000))}
    told = errors_of({"backbone": long, "attention": SE})
    assert "lists 4,999 values" in told["backbone", "width"]

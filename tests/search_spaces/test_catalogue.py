import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.architecture import Choice
from search_spaces.catalogue import (
    CATALOGUE,
    POSITIONS,
    SINGLE,
    attention_type,
    check_position,
    complete,
    known_position,
    positions_in,
    refusal,
)
from search_spaces.errors import SpaceError


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_row_is_whole(name):
    kind = CATALOGUE[name]
    assert kind.paper
    assert kind.positions
    assert set(kind.positions) <= set(POSITIONS)
    assert kind.default_position in kind.positions
    assert len({axis.name for axis in kind.axes}) == len(kind.axes)
    for index, axis in enumerate(kind.axes):
        assert axis.accepts(axis.default)
        assert axis.says
        assert axis.when is None or axis.when[0] in [a.name for a in kind.axes[:index]]


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_paper_defaults_complete_to_a_canonical_choice(name):
    choice = complete(name, {})
    assert complete(name, choice.as_dict()) == choice


def test_what_is_inactive_is_dropped():
    choice = complete("non_local", {"mode": "dot_product", "scale": True})
    assert "scale" not in choice.as_dict()
    assert complete("non_local", {"scale": True}).as_dict()["scale"] is True


@pytest.mark.parametrize(
    ("name", "axes", "path", "says"),
    [
        ("cabm", {}, (), "did you mean 'cbam'?"),
        ("se", {"ration": 4}, ("ration",), "did you mean 'ratio'?"),
        ("se", {"ratio": 0}, ("ratio",), "se.ratio is 0; allowed: an integer from 1"),
        ("se", {"ratio": True}, ("ratio",), "se.ratio is True"),
        ("cbam", {"kernel_size": 4}, ("kernel_size",), "an odd integer from 1"),
        ("cbam", {"kernel_size": "adaptive"}, ("kernel_size",), "'adaptive'"),
        ("cbam", {"composition": "parallel"}, ("composition",), "par_logit_sum"),
        ("non_local", {"scale": 1}, ("scale",), "allowed: false, true"),
        ("non_local", {"subsample": True}, ("subsample",), "allowed: 1, 2"),
    ],
)
def test_refusals_name_value_and_what_is_allowed(name, axes, path, says):
    with pytest.raises(SpaceError) as caught:
        complete(name, axes)
    assert says in str(caught.value)
    assert caught.value.path == path


@given(st.integers())
def test_kernel_sizes_are_odd_and_positive(size):
    axis = attention_type("cbam").axis("kernel_size")
    assert axis.accepts(size) == (size > 0 and size % 2 == 1)


def test_eca_takes_its_adaptive_kernel():
    assert complete("eca", {}).as_dict() == {"kernel_size": "adaptive"}


def test_a_non_local_block_never_stands_before_the_addition():
    with pytest.raises(
        SpaceError, match="non_local can't stand at pre_add; allowed: stem_end, post"
    ):
        check_position("non_local", "pre_add")
    check_position("non_local", "post_add")


@pytest.mark.parametrize("name", CATALOGUE)
def test_only_what_has_a_convolutions_shape_replaces_one(name):
    kind = CATALOGUE[name]
    assert (kind.family == "replace") == ("replace_3x3" in kind.positions)
    assert kind.family != "replace" or kind.positions == ("replace_3x3",)
    assert kind.family != "warp" or not {"pre_add", "shortcut"} & set(kind.positions)


def test_each_position_is_in_a_stage_or_stands_once():
    assert positions_in("stem") == ("stem_end",)
    assert positions_in("backbone") == ("backbone_end",)
    assert {*positions_in("stage1"), *SINGLE} == set(POSITIONS)


def test_an_unknown_position_has_a_nearest_spelling():
    with pytest.raises(SpaceError, match="did you mean 'pre_add'"):
        known_position("preadd")


def test_refusal_asks_every_guard_and_names_the_choice():
    assert refusal(complete("se", {"ratio": 8}), 8, 4, 4) is None
    assert "se(ratio=16): ratio 16 is larger" in str(refusal(complete("se", {}), 8, 4, 4))
    assert "pairs" in str(refusal(complete("non_local", {}), 64, 56, 56))
    assert refusal(Choice.of("non_local", {"mode": "dot_product", "ratio": 2}), 64, 56, 56) is None


def test_sharing_is_written_down_where_it_is_true():
    assert complete("eca", {"share": False}) == complete("eca", {})
    assert complete("eca", {"share": True}).shared
    with pytest.raises(SpaceError, match=r"eca\.share is 1; allowed: false, true"):
        complete("eca", {"share": 1})

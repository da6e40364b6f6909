import pytest

from search_spaces.attention_type import (
    POSITIONS,
    SINGLE,
    AttentionType,
    is_stage,
    positions_in,
)
from search_spaces.axes import positive


def never(axes, channels, height, width):
    return "never"


def late(axes, channels, height, width):
    return "late"


KIND = AttentionType(
    "module:Class",
    "gate",
    ("pre_add", "stage_end"),
    (positive("ratio", 16),),
    "A paper",
    "pre_add",
    (never,),
    (("stage_end", late),),
)


def test_an_axis_is_found_by_its_name():
    assert KIND.axis("ratio").default == 16
    assert KIND.axis("heads") is None


@pytest.mark.parametrize(
    ("position", "guards"),
    [(None, (never,)), ("pre_add", (never,)), ("stage_end", (never, late))],
)
def test_guards_hold_everywhere_or_at_one_position(position, guards):
    assert KIND.guards_for(position) == guards


def test_every_position_is_in_the_stages_or_stands_alone():
    inside = positions_in("stage2")
    assert set(inside) | set(SINGLE) == set(POSITIONS)
    assert not set(inside) & set(SINGLE)
    assert positions_in("stem") == ("stem_end",)
    assert positions_in("backbone") == ("backbone_end",)


@pytest.mark.parametrize(
    ("place", "stage", "positions"),
    [
        ("stage12", True, {"pre_add", "stage_end"}),
        ("stage2.0", False, {"output"}),
        ("features.4", False, {"output"}),
        ("stem", False, {"stem_end"}),
    ],
)
def test_a_place_is_a_stage_or_stands_alone_or_is_a_modules_path(place, stage, positions):
    assert is_stage(place) is stage
    assert positions <= set(positions_in(place))
    assert stage or set(positions_in(place)) == positions

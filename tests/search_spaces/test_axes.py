import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.axes import Axis, odd, one_of, positive, refused, resolve
from search_spaces.errors import SpaceError


def test_an_axis_that_hangs_on_an_inactive_axis_is_inactive():
    def anything(_):
        return True

    table = (
        Axis("a", 1, anything, "any"),
        Axis("b", 1, anything, "any", ("a", (2,))),
        Axis("c", 1, anything, "any", ("b", (1,))),
    )
    assert resolve("x", table, {}) == {"a": 1}
    assert resolve("x", table, {"a": 2}) == {"a": 2, "b": 1, "c": 1}


@given(st.one_of(st.booleans(), st.text(), st.floats(), st.integers(max_value=0)))
def test_a_positive_axis_takes_nothing_but_positive_integers(value):
    assert not positive("ratio", 16).accepts(value)


def test_a_closed_axis_tells_true_from_one():
    assert one_of("scale", 1, 1, 2).accepts(1)
    assert not one_of("scale", 1, 1, 2).accepts(True)


def test_an_odd_axis_takes_its_words():
    axis = odd("kernel_size", 3, also=("adaptive",))
    assert axis.accepts("adaptive")
    assert not axis.accepts("adaptiv")
    assert "odd integer from 1 or adaptive" in refused("eca", axis, 4)


def test_an_unknown_axis_names_its_owner_and_the_nearest():
    with pytest.raises(SpaceError, match=r"unknown axis of se 'ration' .did you mean 'ratio'"):
        resolve("se", (positive("ratio", 16),), {"ration": 2})

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.names import check_name, free_name, nearest_name


@pytest.mark.parametrize("name", ["a", "demo", "demo-2", "0x", "a" * 63, "r.50_se"])
def test_good_names_come_back(name):
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "Demo", "a b", "-a", ".a", "a" * 64, "42", "ä", "a/b", "a\n"])
def test_bad_names_are_refused_with_the_rule(name):
    with pytest.raises(ValueError, match="is not a job name"):
        check_name(name)


@given(st.text())
def test_nearest_name_is_a_name_or_none(text):
    near = nearest_name(text)
    assert near is None or check_name(near) == near


@given(st.sets(st.sampled_from(["a" * 63, "b", "b-2", "b-3"])), st.sampled_from(["a" * 63, "b"]))
def test_free_name_is_free_and_a_name(taken, name):
    free = free_name(name, taken)
    assert free not in taken
    assert check_name(free) == free
    assert free == name or name in taken

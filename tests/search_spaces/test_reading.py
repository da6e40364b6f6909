import pytest

from search_spaces.errors import SpaceError
from search_spaces.reading import Reading, shown, step


def said(reading):
    return {error.path: str(error) for error in reading.errors}


def test_items_of_a_scalar_and_of_a_list_have_their_paths():
    reading = Reading()
    assert reading.items("x", 3, ("a",)) == [(3, ("a",))]
    assert reading.items("x", [3, True, 1], ("a",)) == [
        (3, ("a", 0)),
        (True, ("a", 1)),
        (1, ("a", 2)),
    ]
    assert not reading.errors


def test_what_is_listed_twice_or_not_at_all_is_noted():
    reading = Reading()
    assert reading.items("x", [4, 4], ("a",)) == [(4, ("a", 0))]
    assert reading.items("x", [], ("b",)) == []
    assert said(reading)[("a", 1)] == "x lists 4 twice"
    assert "empty list" in said(reading)[("b",)]


@pytest.mark.parametrize(("value", "word"), [(3, "3"), (None, "empty"), ("se", "'se'")])
def test_what_is_no_mapping_reads_as_none(value, word):
    reading = Reading()
    assert reading.mapping("space", value, ()) is None
    assert said(reading) == {(): f"space must be a mapping (key: value), not {word}"}
    assert shown(value) == word


def test_an_unknown_key_has_its_path_and_its_nearest():
    reading = Reading()
    reading.keys("space", {"strat": 1, "start": 2}, ("start",), ("a",))
    assert "did you mean 'start'" in said(reading)[("a", "strat")]
    assert step(("no", "key")) == "('no', 'key')"


def test_an_attempt_notes_the_error_further_down():
    def fail():
        raise SpaceError("bad", ("axis",))

    reading = Reading()
    assert reading.attempt(("types",), fail) is None
    assert reading.attempt(("types",), lambda: 4) == 4
    assert said(reading) == {("types", "axis"): "bad"}

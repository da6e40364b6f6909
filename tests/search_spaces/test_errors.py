import pickle

from search_spaces.errors import SpaceError, SpaceErrors, unknown


def test_the_nearest_spelling_is_offered():
    text = unknown("attention type", "cabm", ["se", "cbam"])
    assert text == "unknown attention type 'cabm' (did you mean 'cbam'?); allowed: se, cbam"


def test_nothing_near_offers_nothing():
    assert unknown("type", "zzz", ["se"]) == "unknown type 'zzz'; allowed: se"


def test_a_path_grows_from_the_front():
    error = SpaceError("bad", ("ratio",)).under("types", "se")
    assert error.path == ("types", "se", "ratio")
    assert str(error) == "bad"


def test_several_errors_are_one_exception_that_says_all_and_travels():
    errors = SpaceErrors([SpaceError("one", ("a",)), SpaceError("two", ("b", 0))])
    assert str(errors) == "one\ntwo"
    again = pickle.loads(pickle.dumps(errors))
    assert [(str(e), e.path) for e in again.errors] == [("one", ("a",)), ("two", ("b", 0))]

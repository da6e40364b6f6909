import numpy as np

from nas.search.conditions import explains, learn_rules
from nas.search.encoding import Encoding
from tests.nas.search.test_encoding import ENCODING


def test_the_rules_of_a_tree_are_found_from_its_trials():
    codes = ENCODING.random(np.random.default_rng(0), 60)
    assert learn_rules(codes, ENCODING.names) == ENCODING.rules


def test_where_two_parents_explain_as_much_the_name_decides():
    names = ("other", "slot.type", "slot.ratio")
    codes = np.array([[0, 0, -1], [1, 1, 0]], dtype=np.int16)
    assert learn_rules(codes, names)[2] == ((1, frozenset({1})),)


def test_what_is_always_asked_has_no_rule():
    codes = np.random.default_rng(0).integers(0, 3, size=(30, 4)).astype(np.int16)
    assert learn_rules(codes, "abcd") == ((),) * 4


def test_a_conjunction_is_two_rules():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, size=(40, 3)).astype(np.int16)
    codes[(codes[:, 0] == 0) | (codes[:, 1] == 0), 2] = -1
    assert sorted(learn_rules(codes, "abc")[2]) == [(0, frozenset({1})), (1, frozenset({1}))]


def test_an_encoding_without_rules_does_not_explain_absences():
    codes = ENCODING.random(np.random.default_rng(0), 60)
    flat = Encoding(ENCODING.names, ENCODING.values, ((),) * 5)
    assert explains(ENCODING, codes)
    assert not explains(flat, codes)

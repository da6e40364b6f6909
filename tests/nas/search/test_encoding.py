from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.search.encoding import ABSENT, Encoding, ranks
from search_spaces.ready import ready_names, ready_space
from search_spaces.space import SearchSpace
from tests.nas.search.conftest import SPACE


@dataclass(frozen=True)
class Axis:
    name: str
    values: tuple
    conditions: tuple = ()


TREE = (
    Axis("width", (8, 16, 24)),
    Axis("stage1.type", ("none", "se", "cbam")),
    Axis("stage1.ratio", (4, 8), (("stage1.type", ("se", "cbam")),)),
    Axis("stage1.deep", (False, True), (("stage1.ratio", (8,)),)),
    Axis("stage2.type", ("none", "se", "cbam")),
)
ENCODING = Encoding.declared(TREE)


def consistent(codes):
    return (ENCODING.activate(codes) == codes).all() and (codes[:, [0, 1, 4]] >= 0).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_every_move_gives_rows_that_a_walk_could_give(seed):
    rng = np.random.default_rng(seed)
    parents = ENCODING.random(rng, 20)
    assert consistent(parents)
    assert consistent(ENCODING.mutate(rng, parents))
    assert consistent(ENCODING.cross(rng, parents, parents[::-1]))
    assert consistent(ENCODING.unmet(rng, 20, parents[:2]))


def test_what_is_decoded_encodes_to_the_same_row():
    for row in ENCODING.random(np.random.default_rng(0), 50):
        assert (ENCODING.encode(ENCODING.decode(row)) == row).all()


def test_absent_parents_make_absent_children():
    row = ENCODING.activate(np.array([[0, 0, 1, 1, 0]], dtype=np.int16))[0]
    assert ENCODING.decode(row) == {"width": 8, "stage1.type": "none", "stage2.type": "none"}


def test_a_mutation_changes_nearly_every_row():
    rng = np.random.default_rng(1)
    parents = ENCODING.random(rng, 200)
    assert (ENCODING.mutate(rng, parents) != parents).any(axis=1).mean() > 0.9


def test_children_of_a_crossing_take_each_root_from_a_parent():
    rng = np.random.default_rng(2)
    left, right = ENCODING.random(rng, 100), ENCODING.random(rng, 100)
    child = ENCODING.cross(rng, left, right)
    assert ((child == left) | (child == right) | (child == ABSENT)).all()


def test_families_are_equal_but_for_digits():
    assert ENCODING.families == ((1, 4),)


def test_true_and_one_are_two_values():
    encoding = Encoding(("x",), ((1, True),), ((),))
    assert encoding.encode({"x": True}).tolist() == [1]
    assert encoding.encode({"x": 1}).tolist() == [0]


def test_unmet_rows_bring_what_is_missing():
    tried = np.zeros((1, 5), dtype=np.int16)
    rows = ENCODING.unmet(np.random.default_rng(0), 100, tried)
    assert (rows[:, 0] > 0).mean() > 0.7


@pytest.mark.parametrize(
    ("values", "places"),
    [((8, 16, 32), [-1, 0, 1]), ((3, 1, 2), [1, -1, 0]), (("a", "b", "c"), None), ((1, 2), None)],
)
def test_numbers_have_places(values, places):
    assert ranks(values) == places


def test_a_condition_may_name_values_that_are_not_offered():
    axes = (Axis("mode", ("x", "y")), Axis("depth", (1, 2), (("mode", ("y", "z")),)))
    assert Encoding.declared(axes).rules[1] == ((0, frozenset({1})),)


@pytest.mark.parametrize("section", [SPACE, *map(ready_space, ready_names())])
def test_a_search_space_declares_what_its_walks_ask(section):
    space = SearchSpace.from_dict(section)
    encoding = Encoding.declared(space.parameters())
    for row in encoding.random(np.random.default_rng(0), 30):
        params = encoding.decode(row)
        architecture = space.walk(lambda name, values, params=params: params[name])
        assert space.params_of(architecture) == params

import numpy as np

from nas.search.features import FeatureMap
from tests.nas.search.test_encoding import ENCODING

NUMBERS = np.array([[1.0], [2.0], [3.0]])


def design(*rows):
    codes = ENCODING.activate(np.array(rows, dtype=np.int16))
    return FeatureMap(ENCODING, NUMBERS).design(codes, NUMBERS[: len(rows)])


def block(found, label):
    return found.rows[:, found.block == found.labels.index(label)]


def test_choices_are_one_hot_and_absence_is_nothing():
    found = design([0, 1, 0, 0, 0], [0, 0, 0, 0, 0])
    assert block(found, "is stage1.type").tolist() == [[0, 1, 0], [1, 0, 0]]
    assert block(found, "is stage1.ratio").tolist() == [[1, 0], [0, 0]]


def test_numeric_values_have_a_place_too():
    assert block(design([2, 0, 0, 0, 0], [0, 0, 0, 0, 0]), "place width").tolist() == [[1], [-1]]


def test_equal_parameters_of_several_places_are_counted():
    counts = block(design([0, 1, 0, 0, 1], [0, 0, 0, 0, 1]), "count stage1.type")
    assert np.allclose(counts * np.sqrt(2), [[0, 2, 0], [1, 1, 0]])


def test_known_numbers_are_standardised_and_cut():
    codes = np.zeros((2, 5), dtype=np.int16)
    found = FeatureMap(ENCODING, NUMBERS).design(codes, np.array([[2.0], [1e6]]))
    assert block(found, "number 0").tolist() == [[0.0], [3.0]]


def test_every_feature_is_in_a_block():
    found = design([0, 0, 0, 0, 0])
    assert len(found.block) == found.rows.shape[1]
    assert set(found.block.tolist()) == set(range(len(found.labels)))

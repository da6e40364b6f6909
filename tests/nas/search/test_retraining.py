from hypothesis import given
from hypothesis import strategies as st

from nas.search.retraining import MOST_SEGMENTS, segment_ends


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_segments_rise_to_the_whole_budget_and_are_few(epochs, spacing):
    ends = segment_ends(epochs, spacing)
    assert list(ends) == sorted(set(ends))
    assert ends[-1] == epochs
    assert ends[0] >= 1
    assert len(ends) <= MOST_SEGMENTS


def test_segments_are_the_first_rung_apart_where_that_makes_few():
    assert segment_ends(14, 3) == (3, 6, 9, 12, 14)
    assert segment_ends(2, 3) == (2,)
    assert segment_ends(400, 3)[:2] == (20, 40)

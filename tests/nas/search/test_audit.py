from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from nas.search.audit import AuditSample
from search_spaces.space import SearchSpace
from tests.nas.search.conftest import SPACE

SPACE_OF = SearchSpace.from_dict(SPACE)


def accept(_):
    return None


@given(st.integers(0, 24), st.integers(1, 300))
def test_the_sample_is_spread_over_the_search_and_complete_at_its_end(size, trials):
    size = min(size, trials)
    sample = AuditSample(SPACE_OF, size, trials, 0)
    due = [sample.due(begun) for begun in range(trials)]
    assert due == sorted(due)
    assert due[-1] <= size == sample.due(trials)
    begun = 0
    for at in range(trials):
        begun += begun < due[at]
    assert begun >= size - 1


def test_it_is_denser_at_the_beginning():
    sample = AuditSample(SPACE_OF, 10, 100, 0)
    assert [sample.due(begun) for begun in (0, 1, 4, 25, 49, 50, 100)] == [1, 2, 3, 6, 8, 8, 10]


def test_draws_are_uniform():
    sample = AuditSample(SPACE_OF, 8, 80, 0)
    widths = Counter(dict(sample.draw(accept).backbone.axes)["width"] for _ in range(400))
    assert 160 < widths[4] < 240


def test_a_sample_goes_on_where_it_was():
    whole = AuditSample(SPACE_OF, 8, 80, 3)
    drawn = [whole.draw(accept) for _ in range(6)]
    again = AuditSample(SPACE_OF, 8, 80, 3)
    rest = again.draw(lambda a: "duplicate" if a in drawn[:4] else None)
    assert rest == drawn[4]
    assert AuditSample(SPACE_OF, 8, 80, 4).draw(accept) != drawn[0]


def test_nothing_is_left_of_a_space_that_refuses_all():
    assert AuditSample(SPACE_OF, 8, 80, 0).draw(lambda _: "over a limit") is None

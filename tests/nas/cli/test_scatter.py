from hypothesis import given
from hypothesis import strategies as st

from nas.cli.scatter import MEMBER, OTHER, scatter

spots = st.lists(st.tuples(st.floats(1, 1e9), st.floats(0, 1)), min_size=1, max_size=20)


def test_accuracy_goes_up_and_cost_to_the_right():
    lines = scatter([(1e6, 0.5), (2e6, 0.9)], [(1.5e6, 0.5)], "forward_flops", 21, 5).splitlines()
    assert lines[1] == "90.0 │" + " " * 20 + MEMBER
    assert lines[5] == "50.0 │" + MEMBER + " " * 9 + OTHER
    assert lines[-1].split() == ["1.00", "2.00"]


@given(spots, spots)
def test_everything_stays_within_the_field(members, others):
    lines = scatter(members, others, "parameters", 30, 8).splitlines()
    assert len(lines) == 11
    assert all(len(line.partition("│")[2]) <= 30 for line in lines[1:9])
    assert MEMBER in "".join(lines[1:9])

from hypothesis import given
from hypothesis import strategies as st

from nas.pareto import hypervolume
from nas.tracking.history import HypervolumeHistory

trials = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 10)), min_size=1, max_size=20)


@given(trials)
def test_every_value_is_the_hypervolume_of_all_trials_so_far(points):
    history = HypervolumeHistory(0.1, 8.0)
    for count, (accuracy, cost) in enumerate(points, start=1):
        value = history.add(accuracy, cost)
        accuracies, costs = zip(*points[:count], strict=True)
        assert abs(value - hypervolume(accuracies, costs, 0.1, 8.0)) < 1e-12
        assert history.finished == count

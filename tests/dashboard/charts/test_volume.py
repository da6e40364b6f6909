from dashboard.charts.volume import MOST_STEPS, volume_chart
from dashboard.snapshot import Snapshot
from nas.analysis.front import front


def test_both_lines_end_at_the_fronts_hypervolume(store, add_job):
    job = add_job(store)
    chart = volume_chart(Snapshot(store, job))
    ghost, line = chart["data"]
    assert line["y"][-1] == ghost["y"][-1] == front(store, job).hypervolume
    assert (line["x"][-1], ghost["x"][-1]) == (63, 72)
    assert chart["note"] == "63 epochs; the same 7 trials without pruning: 72. Pruning saved 12 %."


def test_all_jumps_of_a_long_search_are_drawn_and_few_steps_between(store, add_job):
    worse = [{"flops": 10**6 + i, "accuracy": 0.5} for i in range(MOST_STEPS + 100)]
    last = {"flops": 10**5, "accuracy": 0.9}
    chart = volume_chart(Snapshot(store, add_job(store, [*worse, last])))
    assert len(chart["data"][0]["x"]) <= MOST_STEPS + 2
    assert chart["table"]["rows"][-1][0] == len(worse)


def test_without_a_front_there_are_words(store, add_job):
    pruned = {"flops": 1, "accuracy": 0.5, "epoch": 3}
    for name, trials in (("none", []), ("pruned", [pruned])):
        chart = volume_chart(Snapshot(store, add_job(store, trials, name=name)))
        assert (chart["data"], bool(chart["empty"])) == ([], True)

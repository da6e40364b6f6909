from dashboard.charts.parallel import MOST_LINES, parallel_chart
from dashboard.snapshot import Snapshot


def test_axes_are_what_differs_then_cost_and_accuracy(store, add_job):
    chart = parallel_chart(Snapshot(store, add_job(store)))
    titles = ["width", "stage1", "stage2", "stage3", "FLOPs", "accuracy (%)"]
    assert chart["layout"]["xaxis"]["ticktext"] == titles
    assert [column["title"] for column in chart["table"]["columns"]] == ["Trial", *titles]
    ticks = [mark["text"] for mark in chart["layout"]["annotations"] if mark["x"] == 3]
    assert ticks == ["none", "cbam", "se"]


def test_a_line_goes_through_the_values_of_its_trial(store, add_job):
    chart = parallel_chart(Snapshot(store, add_job(store)))
    front = next(trace for trace in chart["data"] if trace["name"] == "on the front")
    best = [y for y, n in zip(front["y"], front["customdata"], strict=True) if n == 4]
    assert len(best) == 6
    assert best[-1] == 1, "the most accurate is at the top of the last axis"
    assert front["y"].count(None) == 4
    assert chart["table"]["rows"][0][0] == 4
    assert all(-0.09 < y < 1.09 for y in front["y"] if y is not None)


def test_of_very_many_trials_a_sample_is_drawn(store, add_job):
    trials = [{"flops": 9 + i, "accuracy": 0.5 - i / 1e4, "width": 4 + i % 3} for i in range(300)]
    chart = parallel_chart(Snapshot(store, add_job(store, trials)))
    others = next(trace for trace in chart["data"] if trace["name"] == "other trials")
    assert others["y"].count(None) == MOST_LINES
    assert "of 300 fully trained" in chart["note"]


def test_one_trial_is_no_comparison(store, add_job):
    chart = parallel_chart(Snapshot(store, add_job(store, [{"flops": 1, "accuracy": 0.5}])))
    assert (chart["data"], chart["note"]) == ([], "")
    assert "Two trials" in chart["empty"]

from dashboard.charts.rungs import BEST, MOST_PRUNED, rungs_chart
from dashboard.snapshot import Snapshot


def test_the_best_are_in_colours_and_the_pruned_end_with_a_cross(store, add_job):
    grey, best, *others = rungs_chart(Snapshot(store, add_job(store)))["data"]
    assert best["name"] == "trial 4"
    assert best["x"] == [3, 6, 12]
    assert best["y"][-1] == 96
    assert len(others) == 4
    assert [mark for mark, x in zip(grey["marker"]["symbol"], grey["x"], strict=True) if x] == [
        "x-thin-open"
    ]
    assert (grey["x"], grey["y"], grey["customdata"]) == ([3, None], [70, None], [5, None])


def test_the_note_counts_who_came_to_each_rung(store, add_job):
    chart = rungs_chart(Snapshot(store, add_job(store)))
    assert "6 at 3 epochs, 5 at 6 epochs, 5 at 12 epochs" in chart["note"]
    assert [row[0] for row in chart["table"]["rows"]] == [4, 1, 2, 3, 0, 5]


def test_very_many_are_thinned(store, add_job):
    pruned = [{"flops": 9, "accuracy": 0.5, "epoch": 3}] * (MOST_PRUNED + 9)
    done = [{"flops": 1, "accuracy": 0.6}] * (BEST + 2)
    data = rungs_chart(Snapshot(store, add_job(store, [*pruned, *done])))["data"]
    assert len(data) == 1 + BEST
    assert len(data[0]["x"]) == 2 * MOST_PRUNED


def test_without_a_rung_there_are_words(store, add_job):
    chart = rungs_chart(Snapshot(store, add_job(store, [])))
    assert (chart["data"], chart["note"]) == ([], "")
    assert "first rung" in chart["empty"]

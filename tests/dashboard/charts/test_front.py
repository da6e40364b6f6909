import json

import pytest

from dashboard.charts.front import MOST_OTHERS, front_chart
from dashboard.charts.payload import thinned
from dashboard.snapshot import Snapshot
from nas.analysis.front import front


def traces(chart):
    json.dumps(chart, allow_nan=False)
    return {trace["name"]: trace for trace in chart["data"]}


def test_the_chart_and_its_table_have_the_fronts_points(store, add_job):
    job = add_job(store)
    chart = front_chart(Snapshot(store, job))
    points = front(store, job).points
    drawn = traces(chart)["Pareto front (searched run)"]
    assert drawn["x"] == [point.forward_flops for point in points]
    assert drawn["customdata"] == [point.trial for point in points]
    assert [row[0] for row in chart["table"]["rows"]] == [point.trial for point in points]
    assert {len(row) for row in chart["table"]["rows"]} == {len(chart["table"]["columns"])}
    assert chart["table"]["link"] == "/jobs/synthetic/trials/"


def test_the_front_of_the_first_half_is_behind_it(store, add_job):
    chart = front_chart(Snapshot(store, add_job(store)))
    assert chart["data"][0]["name"] == "front of the first 2"
    assert chart["data"][0]["y"] == [90, 94]


def test_colours_are_those_of_the_pages_theme(store, add_job):
    assert "var(--front)" in json.dumps(front_chart(Snapshot(store, add_job(store))))


def test_a_job_without_results_has_words_in_place_of_the_chart(store, add_job):
    chart = front_chart(Snapshot(store, add_job(store, [])))
    assert (chart["data"], chart["note"]) == ([], "")
    assert "no front" in chart["empty"]


def test_no_interval_in_the_table_reaches_beyond_a_hundred_percent(store, add_job):
    trial = {"flops": 1, "accuracy": 0.99, "repeats": [(1, 0.99, None), (2, 0.97, None)]}
    table = front_chart(Snapshot(store, add_job(store, [trial])))["table"]
    titles = [column["title"] for column in table["columns"]]
    (row,) = table["rows"]
    assert dict(zip(titles, row, strict=True))["High"] == 100


def test_of_very_many_trials_a_sample_is_drawn(store, add_job):
    worse = [{"flops": 10**6 + i, "accuracy": 0.5} for i in range(MOST_OTHERS + 50)]
    best = {"flops": 10**6, "accuracy": 0.9}
    drawn = traces(front_chart(Snapshot(store, add_job(store, [best, *worse]))))
    assert len(drawn["other trials"]["x"]) == MOST_OTHERS


@pytest.mark.parametrize("count", [0, 1, 5, 6, 7, 1000])
def test_thinning_keeps_both_ends_and_the_order(count):
    kept = thinned(range(count), 6)
    assert len(kept) == min(count, 6)
    assert kept == sorted(set(kept))
    if count:
        assert (kept[0], kept[-1]) == (0, count - 1)


def test_the_table_has_no_column_that_nothing_is_known_of(store, add_job):
    def titles(job):
        return [c["title"] for c in front_chart(Snapshot(store, job))["table"]["columns"]]

    assert titles(add_job(store))[-1] == "Parameters"
    timed = [{"flops": 10**6, "accuracy": 0.9, "latency_ms": 2.0, "test": 0.8}]
    told = titles(add_job(store, timed, name="timed"))
    assert [title for title in told if title in ("Test", "Latency")] == ["Test", "Latency"]

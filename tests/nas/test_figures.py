import json

import pytest

from nas.figures import front_figure, front_page, plotly_script


def traces_of(job, store):
    figure = front_figure(job, store.trials.list(job.id))
    json.dumps(figure, allow_nan=False)
    return {trace["name"]: trace for trace in figure["data"]}, figure["layout"]


def test_the_front_is_a_staircase_by_cost_in_percent(store, add_job):
    traces, layout = traces_of(add_job(store), store)
    front = traces["Pareto front (searched run)"]
    assert front["x"] == [1_000_000, 1_050_000, 4_000_000, 4_040_000]
    assert front["y"] == [90, 93, 94, 96]
    assert front["line"]["shape"] == "hv"
    assert front["marker"]["symbol"] == ["diamond", "circle", "diamond", "circle"]
    assert layout["xaxis"]["title"]["text"] == "Forward FLOPs of one image"
    assert "%{y:.2f} % at %{x:.4s} FLOPs" in front["hovertemplate"]


def test_trials_that_ended_early_are_not_drawn(store, add_job):
    traces, _ = traces_of(add_job(store), store)
    assert traces["baselines"]["x"] == [4_100_000]
    assert "other trials" not in traces


def test_only_svg_traces_are_used(store, add_job):
    traces, _ = traces_of(add_job(store), store)
    assert {trace["type"] for trace in traces.values()} == {"scatter"}


def test_repeats_stand_at_their_mean_with_their_interval(store, add_job):
    trial = {"flops": 1, "accuracy": 0.96, "repeats": [(1, 0.93, None), (2, 0.95, None)]}
    traces, layout = traces_of(add_job(store, [trial]), store)
    repeats = traces["further seeds: mean, 95 %"]
    assert repeats["y"] == [94.0]
    assert repeats["error_y"]["arrayminus"][0] > 10
    low, high = layout["yaxis"]["range"]
    assert 90 < low < 94, "a very wide interval must not squeeze the points"
    assert 96 < high < 101


def test_no_interval_reaches_beyond_what_an_accuracy_can_be(store, add_job):
    trial = {"flops": 1, "accuracy": 0.99, "repeats": [(1, 0.99, None), (2, 0.97, None)]}
    traces, _ = traces_of(add_job(store, [trial]), store)
    bar = traces["further seeds: mean, 95 %"]["error_y"]
    assert bar["array"][0] == pytest.approx(2.0)
    assert bar["arrayminus"][0] > 10


def test_costs_over_more_than_a_decade_get_a_logarithmic_axis(store, add_job):
    trials = [{"flops": 10**power, "accuracy": 0.5 + power / 100} for power in (5, 6, 7)]
    _, layout = traces_of(add_job(store, trials), store)
    assert layout["xaxis"]["type"] == "log"
    assert 1e5 in layout["xaxis"]["tickvals"]
    _, near = traces_of(add_job(store, trials[:1], name="near"), store)
    assert near["xaxis"]["type"] == "linear"
    assert near["xaxis"]["range"] == pytest.approx([0.9e5, 1.1e5])


def test_a_job_without_results_is_an_empty_figure(store, add_job):
    traces, layout = traces_of(add_job(store, []), store)
    assert traces == {}
    assert "range" not in layout["yaxis"]


def test_words_of_users_are_escaped(store, add_job):
    trial = {"flops": 1, "accuracy": 0.5, "label": "</script><b>"}
    job = add_job(store, [trial])
    traces, _ = traces_of(job, store)
    assert "&lt;/script>&lt;b>" in traces["Pareto front (searched run)"]["text"][0]
    assert "</script><b>" not in front_page(job, store.trials.list(job.id))


def test_the_page_needs_no_network(store, add_job):
    page = front_page(job := add_job(store), store.trials.list(job.id))
    outside_plotly = page.replace(plotly_script().read_text(encoding="utf-8"), "")
    assert "http" not in outside_plotly
    assert "Plotly.newPlot" in outside_plotly

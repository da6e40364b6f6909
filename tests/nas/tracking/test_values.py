from dataclasses import replace

from nas.analysis.front import front
from nas.store.schema import JOB_STATES, TRIAL_STATES
from nas.tracking import values


def test_every_state_has_a_status():
    assert set(JOB_STATES) | {"done", "pruned", "failed"} == set(values.STATUS)
    assert set(TRIAL_STATES) - {"running", "waiting"} <= set(values.STATUS)


def test_nested_keys_are_joined_and_absent_ones_left_out():
    assert values.flatten({"a": {"b": 1, "c": None}, "d": [1, 2]}) == {"a.b": "1", "d": "[1, 2]"}


def test_a_space_that_is_a_section_stays_out_of_the_parameters(store, add_job):
    job = add_job(store)
    named = replace(job, spec={**job.spec, "space": "channel"})
    written = replace(job, spec={**job.spec, "space": {"backbone": {}, "attention": []}})
    assert values.job_params(named)["space"] == "channel"
    assert not [key for key in values.job_params(written) if key.startswith("space")]


def test_epochs_are_counted_from_the_end_of_a_rung_backwards(store, add_job):
    job = add_job(store)
    trial = store.trials.get(job.id, 4)
    reports = store.trials.reports(job.id)[trial.id]
    points = values.trial_points(trial, reports)
    steps = [point.step for point in points if point.key == "train_loss"]
    assert steps == [1, 2, 3, 4, 5, 6, 10, 11, 12]
    assert [p.value for p in points if p.key == "train_loss" and p.step == 12] == [0.3]


def test_points_carry_the_stores_times_so_that_they_repeat_exactly(store, add_job):
    job = add_job(store)
    trial = store.trials.get(job.id, 4)
    reports = store.trials.reports(job.id)[trial.id]
    times = {point.timestamp_ms for point in values.trial_points(trial, reports)}
    assert times == {trial.created_ms, *(row.created_ms for row in reports)}


def test_a_cost_that_was_not_measured_is_no_point(store, add_job):
    job = add_job(store)
    keys = {point.key for point in values.trial_points(store.trials.get(job.id, 6), [])}
    assert keys == {"parameters", "forward_flops"}


def test_repeats_are_named_after_what_they_repeat(store, add_job):
    job = add_job(store, [{"flops": 1, "accuracy": 0.5, "repeats": [(1, 0.4, None)]}])
    assert values.trial_name(store.trials.get(job.id, 1)) == "trial 1 · repeats 0"


def test_the_table_has_a_row_a_point_and_no_empty_column(store, add_job):
    table = values.front_table(front(store, add_job(store)).points)
    assert table["columns"][:4] == ["trial", "label", "backbone", "attention"]
    assert "latency_ms" not in table["columns"]
    assert "accuracy_mean" not in table["columns"]
    assert [len(row) for row in table["data"]] == [len(table["columns"])] * 4
    assert table["data"][0][3] == "none"
    assert table["data"][1][3] == "stage3.pre_add: cbam(ratio=4)"

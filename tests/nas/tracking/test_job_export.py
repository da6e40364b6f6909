"""The order of things: what is written is derived from the store's events alone."""

import pytest

from nas.store.records import NewTrial
from nas.tracking.job_export import JobExport


class Recorder:
    """Stands in for the far side, to see what is asked of it and when."""

    def __init__(self, cursor=0):
        self.cursor = cursor
        self.trials = []
        self.points = []
        self.fronts = 0

    def write_trial(self, trial, reports):
        self.trials.append((trial.number, trial.state, [row.epoch for row in reports]))

    def write_test_accuracy(self, number, point):
        self.points.append(point)

    def write_progress(self, points, cursor):
        self.points += points
        self.cursor = cursor

    def write_state(self, state, at_ms):
        self.trials.append(state)

    def write_front(self, job, trials):
        self.fronts += 1

    def write_effects(self, found, objective):
        self.trials.append("effects")

    def write_verdict(self, text):
        self.trials.append("verdict")


def export_of(store, job, records, front_seconds=0.0):
    return JobExport(store, job.name, records, front_seconds)


def test_trials_are_written_once_they_have_ended(store, add_job):
    job, records = add_job(store), Recorder()
    assert export_of(store, job, records).advance(hurry=True, stop=lambda: False)
    assert records.trials[:3] == ["queued", "running", (0, "done", [3, 6, 12])]
    assert records.trials[-5:-3] == [(5, "pruned", [3]), (6, "failed", [])]
    assert records.trials[-3:] == ["done", "effects", "verdict"]
    assert records.fronts == 1


def test_a_cursor_in_the_middle_skips_what_is_recorded_but_counts_it(store, add_job):
    job, whole = add_job(store), Recorder()
    export_of(store, job, whole).advance(hurry=True, stop=lambda: False)
    events = store.jobs.events(job.id)
    middle = [event.id for event in events if event.kind == "report" and event.data["number"] == 2]
    rest = Recorder(cursor=middle[-1])
    export_of(store, job, rest).advance(hurry=True, stop=lambda: False)
    assert [entry[0] for entry in rest.trials if isinstance(entry, tuple)] == [3, 4, 5, 6]
    assert rest.points == whole.points[3:]
    assert [point.step for point in rest.points] == [4, 5]


def test_stopping_leaves_the_cursor_where_it_was(store, add_job):
    job, records = add_job(store), Recorder()
    answers = iter([False] * 6 + [True])
    assert not export_of(store, job, records).advance(hurry=True, stop=lambda: next(answers))
    assert records.cursor == 0
    assert records.fronts == 0


def test_the_front_is_written_no_more_often_than_asked(store, add_job):
    job, records = add_job(store, state="running"), Recorder()
    export = export_of(store, job, records, front_seconds=60.0)
    export.advance(hurry=False, stop=lambda: False)
    store.jobs.set_state(job.id, "done")
    export.advance(hurry=False, stop=lambda: False)
    assert records.fronts == 1
    export.advance(hurry=True, stop=lambda: False)
    export.advance(hurry=True, stop=lambda: False)
    assert records.fronts == 2


def test_a_test_accuracy_counts_whether_it_comes_before_or_after_the_end(store, add_job):
    job = add_job(store, [{"flops": 1, "accuracy": 0.5}], state="running")
    first = store.trials.list(job.id)[0]
    late = NewTrial("finalist", "late", first.architecture, {}, 1, 1, 1, origin=0)
    trial = store.trials.add(job.id, 1, late)
    store.trials.set_test_accuracy(trial, 0.4)
    before = Recorder()
    export_of(store, job, before).advance(hurry=True, stop=lambda: False)
    store.trials.set_state(trial, "done")
    store.trials.set_test_accuracy(first, 0.45)
    after = Recorder(cursor=before.cursor)
    export_of(store, job, after).advance(hurry=True, stop=lambda: False)
    assert [point.value for point in before.points if point.key == "test_accuracy"] == []
    assert [(point.value, point.step) for point in after.points] == [(0.4, 12), (0.45, 12)]


def test_a_latency_reference_that_is_measured_late_is_used(store, add_job):
    unknown = {"reference": {"accuracy": 0.1, "cost": None}}
    trials = [{"flops": 1, "accuracy": 0.55, "latency_ms": 1.0}]
    job = add_job(store, trials, objective="latency_ms", state="running", details=unknown)
    export = export_of(store, job, records := Recorder())
    store.jobs.add_details(job.id, {"reference": {"accuracy": 0.1, "cost": 2.0}})
    export.advance(hurry=False, stop=lambda: False)
    (point,) = records.points
    assert point.value == pytest.approx(0.25)

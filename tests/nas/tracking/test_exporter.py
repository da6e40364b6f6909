"""The exporter against a real MLflow store: complete, idempotent, and never in the way."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time

from nas.store.records import NewTrial, ReportRow
from nas.tracking.exporter import Exporter

KILLED = """
import sys
from nas.tracking.exporter import Exporter
Exporter(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], poll_seconds=0.05).start().close(60)
"""


def add_trial(store, job, number, accuracy, flops, state="done"):
    like = store.trials.list(job.id)[0]
    new = NewTrial("search", f"new-{number}", like.architecture, {}, 0, flops // 100, flops)
    trial = store.trials.add(job.id, number, new)
    row = ReportRow(
        trial.id, 12, accuracy, 0.1, (0.5,), (0.5,), 1.0, 0.1, "", "", "w", "cpu", 1_000 + number
    )
    assert store.trials.report(trial, row, state)


def url_of(store):
    return store.engine.url.render_as_string(hide_password=False)


def test_a_running_job_is_followed_to_its_end(store, add_job, tracking):
    job = add_job(store, name="followed", state="running")
    exporter = tracking.exporter(store, job, front_seconds=0.0).start()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not _has_runs(tracking, job, 8):
        time.sleep(0.1)
    assert tracking.runs(job)["job"].info.status == "RUNNING"
    assert tracking.runs(job)[4].data.tags["on_front"] == "true"

    add_trial(store, job, 7, accuracy=0.97, flops=4_000_000)
    store.jobs.set_state(job.id, "done")
    assert exporter.close(30).up_to_date
    runs = tracking.runs(job)
    assert runs["job"].info.status == "FINISHED"
    assert runs[7].data.tags["on_front"] == "true"
    assert runs[4].data.tags["on_front"] == "false"


def _has_runs(tracking, job, count):
    try:
        runs = tracking.runs(job)
    except (AttributeError, ValueError):  # no experiment or no parent run yet
        return False
    return len(runs) == count and runs[4].data.tags["on_front"] == "true"


def test_a_second_exporter_adds_nothing(store, add_job, tracking):
    job = add_job(store, name="twice")
    tracking.export(store, job)
    before = tracking.content(job)
    tracking.export(store, job)
    assert tracking.content(job) == before


def test_a_job_exported_in_two_parts_equals_one_exported_at_once(
    store, add_job, tracking, fresh_tracking
):
    job = add_job(store, name="parts", state="running")
    tracking.export(store, job)
    for number in range(7, 12):
        add_trial(store, job, number, accuracy=0.9 + number / 200, flops=3_000_000 + number)
    trial = store.trials.get(job.id, 8)
    store.trials.set_test_accuracy(trial, 0.91)
    store.jobs.set_state(job.id, "done")
    job = store.jobs.get(job.name)
    tracking.export(store, job)
    fresh_tracking.export(store, job)
    assert tracking.content(job) == fresh_tracking.content(job)


def test_killed_in_the_middle_the_next_one_completes_without_doubles(
    store, add_job, tracking, fresh_tracking
):
    trials = [{"flops": 1_000_000 + i, "accuracy": 0.5 + i / 1000} for i in range(48)]
    job = add_job(store, trials, name="killed")
    arguments = [url_of(store), job.name, fresh_tracking.uri, fresh_tracking.artifacts]
    process = subprocess.Popen([sys.executable, "-c", KILLED, *arguments])
    seen = _wait_for_runs(fresh_tracking.uri, 10)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert 10 <= seen < 49
    fresh_tracking.export(store, job)
    tracking.export(store, job)
    assert len(fresh_tracking.runs(job)) == 49
    assert fresh_tracking.content(job) == tracking.content(job)


def _wait_for_runs(uri, count):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with sqlite3.connect(f"file:{uri.removeprefix('sqlite:///')}?mode=ro", uri=True) as db:
                (seen,) = db.execute("SELECT count(*) FROM runs").fetchone()
        except sqlite3.OperationalError:
            seen = 0
        if seen >= count:
            return seen
        time.sleep(0.01)
    raise AssertionError("nothing was written")


def test_an_unreachable_server_is_said_at_once_and_made_up_for_later(store, add_job, tracking):
    job = add_job(store, name="unreachable")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.monotonic()
    exporter = Exporter(url_of(store), job.name, f"http://me:secret@127.0.0.1:{port}").start()
    outcome = exporter.close(30)
    assert time.monotonic() - begun < 10
    assert not outcome.up_to_date
    assert f"127.0.0.1:{port} doesn't answer: connection refused" in outcome.reason
    assert "secret" not in outcome.reason
    tracking.export(store, job)
    assert len(tracking.runs(job)) == 8


def test_a_server_that_hangs_holds_up_nobody(store, add_job):
    job = add_job(store, name="hangs", state="running")
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        begun = time.monotonic()
        exporter = Exporter(
            url_of(store), job.name, f"http://127.0.0.1:{deaf.getsockname()[1]}"
        ).start()
        assert time.monotonic() - begun < 0.5
        connection, _ = deaf.accept()
        add_trial(store, job, 7, accuracy=0.9, flops=1)
        begun = time.monotonic()
        outcome = exporter.close(0.5)
        assert time.monotonic() - begun < 2
        connection.close()
    assert not outcome.up_to_date
    assert outcome.reason.startswith("after 0.5 s: ")


def test_a_missing_job_is_a_reason_and_not_a_crash(store, tracking):
    outcome = Exporter(url_of(store), "nowhere", tracking.uri).start().close(30)
    assert "no job 'nowhere'" in outcome.reason

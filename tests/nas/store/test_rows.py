import time

from nas.store.rows import now_ms


def test_the_clock_counts_milliseconds():
    assert abs(now_ms() - time.time() * 1000) < 1000


def test_json_lists_come_back_as_tuples(store, job, trial, row):
    store.trials.report(trial, row, "waiting")
    (read,) = store.trials.reports(job.id)[trial.id]
    assert read.train_loss == (1.5,)

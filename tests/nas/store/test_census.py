from nas.store.census import census
from nas.store.records import NewTrial

TRIAL = NewTrial("search", "h", "{}", {}, 0, 1, 1)


def test_an_empty_store_counts_nothing(store):
    found = census(store.engine)
    assert (found.jobs, found.trials, found.worker_seconds) == ({}, {}, {})
    assert found.oldest_queued_seconds == 0


def test_jobs_trials_and_workers_are_counted(store):
    for number in range(3):
        store.jobs.create(f"job_{number}", {}, {}, owner=f"o{number % 2}")
    first, second, _ = reversed(store.jobs.list())
    store.jobs.set_state(second.id, "running")
    trial = store.trials.add(first.id, 0, TRIAL)
    store.trials.set_state(trial, "failed", "a test")
    for job, seconds in ((first, 2.0), (second, 3.0)):
        charge = store.charges.open(job.id, 0, "train", 1, 0)
        store.charges.close(charge, "ok", seconds, 1)
    found = census(store.engine)
    assert found.jobs == {"queued": 2, "running": 1}
    assert found.trials == {"failed": 1}
    assert found.worker_seconds == {"o0": 2.0, "o1": 3.0}
    assert 0 <= found.oldest_queued_seconds < 60

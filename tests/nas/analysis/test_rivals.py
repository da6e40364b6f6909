import pytest

from nas.analysis.comparisons import Evidence
from nas.analysis.front import repeats_of
from nas.analysis.rivals import rival, rivalry

SEEDS = [(1, 0.80, 0.80), (2, 0.82, 0.82), (3, 0.84, 0.84)]
BETTER = [(1, 0.90, 0.90), (2, 0.92, 0.921), (3, 0.94, 0.939)]
TRIALS = [
    {"flops": 2_000_000, "accuracy": 0.8, "repeats": SEEDS},
    {"flops": 1_000_000, "accuracy": 0.9, "repeats": BETTER},
    {"flops": 1_500_000, "accuracy": 0.6, "epoch": 6, "early": {3: 0.5}},
]


def of(store, job, number):
    every = store.trials.list(job.id)
    trial = store.trials.get(job.id, number)
    return rival(job, trial, every, store.trials.reports(job.id)[trial.id])


def test_repeated_trials_of_a_job_differ_as_its_report_says(store, add_job):
    job = add_job(store, TRIALS)
    found = rivalry([of(store, job, 0), of(store, job, 1)])
    evidence = Evidence.of(repeats_of(store.trials.list(job.id)))
    one, other = found.rivals
    assert found.differences == (evidence.difference(other.point, one.point),)
    assert found.repeated == (True,)
    (told,) = found.sentences
    assert told.startswith("synthetic:1 against synthetic:0: +10.0 (")
    assert told.endswith("over 3 further seeds: more than noise.")


def test_single_runs_are_compared_at_the_last_epoch_that_all_reached(store, add_job):
    job = add_job(store, TRIALS)
    found = rivalry([of(store, job, 0), of(store, job, 2)])
    assert found.epoch == 6
    (apart,) = found.differences
    # At epoch 6 the first had 0.02 · 6/12 less than at its end.
    assert apart.mean == pytest.approx(0.6 - 0.79)
    assert "one run each at epoch 6: too little to tell them apart" in found.sentences[0]


def test_repeats_of_two_jobs_are_compared_too(store, add_job):
    jobs = [add_job(store, [entry], name=name) for entry, name in zip(TRIALS, "ab", strict=False)]
    found = rivalry([of(store, job, 0) for job in jobs])
    assert found.repeated == (True,)
    assert found.differences[0].mean == pytest.approx(0.1)
    assert found.differences[0].low > 0
    assert found.sentences[0].startswith("b:0 against a:0")


def test_other_images_leave_no_difference(store, add_job):
    jobs = [
        add_job(
            store, TRIALS[:1], name=f"j{key}", details={"data": {"name": "x", "hash": key * 16}}
        )
        for key in "01"
    ]
    found = rivalry([of(store, job, 0) for job in jobs])
    assert found.differences == (None,)
    assert found.sentences[0].startswith("Not comparable, as these differ: data (x (00000000)")


def test_without_a_common_epoch_nothing_is_said_of_single_runs(store, add_job):
    job = add_job(store, [{"flops": 1, "accuracy": 0.5}, {"flops": 1, "state": "failed"}])
    every = store.trials.list(job.id)
    found = rivalry([of(store, job, 0), rival(job, every[1], every, [])])
    assert (found.epoch, found.differences) == (None, (None,))
    assert "no accuracies to compare" in found.sentences[0]

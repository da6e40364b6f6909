from dataclasses import replace

from nas.analysis.front import front
from nas.analysis.progress import history, seconds_left


def test_the_last_step_is_the_fronts_hypervolume_and_what_pruning_saved(store, add_job):
    job = add_job(store)
    steps = history(job, store.trials.list(job.id))
    assert [step.ended for step in steps] == [1, 2, 3, 4, 5, 6, 7]
    assert steps[-1].hypervolume == front(store, job).hypervolume
    assert steps[-1].epochs == 5 * 12 + 3
    assert steps[-1].without_pruning == 6 * 12
    volumes = [step.hypervolume for step in steps]
    assert volumes == sorted(volumes)


def test_repeats_and_what_still_runs_are_no_steps(store, add_job):
    repeated = {"flops": 1, "accuracy": 0.9, "repeats": [(1, 0.8, None)]}
    job = add_job(store, [repeated, {"flops": 2, "state": "running"}])
    assert [step.trial for step in history(job, store.trials.list(job.id))] == [0]


def test_without_a_reference_there_is_no_hypervolume(store, add_job):
    job = add_job(store, details={"reference": {"accuracy": 0.1, "cost": None}})
    assert history(job, store.trials.list(job.id)) == []


def test_time_left_goes_on_at_the_pace_so_far(store, add_job):
    trials = [{"flops": 10 - i, "accuracy": 0.5 + i / 100} for i in range(4)]
    job = add_job(store, trials, state="running", budget=8, finalist_seeds=0)
    known = store.trials.list(job.id)
    assert seconds_left(job, known, driven=100.0) == 100.0
    seeds = replace(job, spec={**job.spec, "finalists": {"seeds": 2}})
    assert seconds_left(seeds, known, driven=100.0) == 150.0  # one on the front
    limited = replace(job, spec={**job.spec, "budget": {"wall_clock": 120 / 3600}})
    assert round(seconds_left(limited, known, driven=100.0)) == 20


def test_time_left_is_unknown_at_first_and_when_it_is_over(store, add_job):
    new = add_job(store, [{"flops": 1, "accuracy": 0.5}], state="running", name="new")
    over = add_job(store)
    for job in (new, over):
        assert seconds_left(job, store.trials.list(job.id), driven=9.0) is None

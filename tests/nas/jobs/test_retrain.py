import shutil

import pytest
from PIL import Image

from nas.analysis.front import front
from nas.analysis.summary import job_summary
from nas.errors import DataProblem, NotFound, TrainingFailed, UsageProblem, WrongState
from nas.holding.leasing import driving
from nas.home import Home
from nas.jobs.deep import deep_check
from nas.jobs.driver import drive_job
from nas.jobs.retrain import recipe_changes, retrain
from nas.jobs.submission import submit
from nas.plan import Plan
from nas.search.book import TrialBook
from nas.tracking import values
from tests.nas.search.conftest import Workers, failed, job_spec
from workers.protocol import Lost


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def submitted(store, **changes):
    spec = job_spec(**{"search.trials": 7, "finalists.seeds": 1} | changes)
    return submit(store, spec, deep_check(spec, estimate=False))


@pytest.fixture
def job(store, home):
    """A finished job with synthetic accuracies on the real digits."""
    return drive_job(store, home, submitted(store), open_pool=lambda job, say: Workers())


@pytest.fixture
def again(store, home, job):
    """``again(number, workers, epochs=…)`` trains a trial again."""

    def make(number, workers=None, seed=None, **changes):
        used = workers or Workers()
        return retrain(store, home, job, number, changes, seed, open_pool=lambda job, say: used)

    return make


def test_a_trial_of_its_own_with_its_own_recipe(store, job, again):
    before = store.trials.list(job.id)
    workers = Workers()
    made = again(1, workers, epochs=11, learning_rate=0.05)
    trial = made.trial
    assert (trial.number, trial.kind, trial.origin) == (len(before), "retrain", 1)
    assert (trial.state, trial.epoch, trial.seed) == ("done", 11, before[1].seed)
    assert trial.recipe["epochs"] == 11
    assert trial.recipe["learning_rate"] == 0.05
    assert trial.test_accuracy is not None
    assert trial.hash not in {t.hash for t in before}
    assert {task.recipe.epochs for task in workers.seen} == {11}
    assert workers.seen[0].start_epoch == 0
    assert [task.end_epoch for task in workers.seen] == list(range(1, 12))
    assert [task.measure_test for task in workers.seen] == [False] * 10 + [True]
    assert store.trials.get(job.id, trial.number) == trial
    assert store.trials.list(job.id)[:-1] == before
    assert store.jobs.get(job.name).state == "done"


def test_it_stands_beside_the_front_and_in_the_summary(store, job, again):
    before, searched = front(store, job), job_summary(store, job)
    trial = again(1, epochs=30).trial
    assert front(store, job) == before
    summary = job_summary(store, job)
    (one,) = summary["retrained"]
    assert (one["trial"], one["origin"], one["epochs"]) == (trial.number, 1, 30)
    assert summary["trials"] == searched["trials"]
    assert summary["epochs"] == searched["epochs"]
    assert store.trials.counts()[job.id] == {
        k: v for k, v in searched["trials"].items() if v and k != "total"
    }


def test_after_a_kill_the_same_call_goes_on(store, job, again):
    def spoil(task, answer):
        if task.end_epoch == 6:
            raise KeyboardInterrupt
        return answer

    with pytest.raises(KeyboardInterrupt):
        again(2, Workers(spoil=spoil), epochs=8)
    (one,) = job_summary(store, job)["retrained"]
    assert (one["state"], one["epoch"]) == ("running", 5)
    workers = Workers()
    made = again(2, workers, epochs=8)
    assert [(t.start_epoch, t.end_epoch) for t in workers.seen] == [(5, 6), (6, 7), (7, 8)]
    assert made.trial.number == one["trial"]
    assert not made.trained_before


def test_resuming_the_job_leaves_an_unfinished_one_alone(store, home, job, again):
    def spoil(task, answer):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        again(2, Workers(spoil=spoil), epochs=8)
    workers = Workers()
    drive_job(store, home, job, open_pool=lambda job, say: workers)
    assert not workers.seen
    assert job_summary(store, job)["retrained"][0]["state"] == "running"


def test_the_same_training_is_never_made_twice(again):
    made = again(2, epochs=5)
    workers = Workers()
    repeated = again(2, workers, epochs=5)
    assert not workers.seen
    assert repeated.trained_before
    assert repeated.trial == made.trial


def test_the_jobs_own_recipe_is_the_searchs_business(again):
    with pytest.raises(
        UsageProblem, match="9 epochs are what the search and its finalists train in job small"
    ):
        again(2, epochs=9, seed=77)
    assert again(2, epochs=9, seed=77, weight_decay=0.0).trial.seed == 77


def test_the_schedule_spans_all_epochs_whatever_the_searchs_did(store, home):
    job = submitted(store, **{"recipe.schedule": "annealed"})
    job = drive_job(store, home, job, open_pool=lambda job, say: Workers())
    workers = Workers()
    made = retrain(store, home, job, 1, {"epochs": 12}, open_pool=lambda job, say: workers)
    assert {task.recipe.restarts for task in workers.seen} == {()}
    assert made.trial.recipe["restarts"] == []


def test_another_jobs_equal_training_is_taken_from_the_cache(store, home, again):
    made = again(1, epochs=4)
    twin = submitted(store, name="twin")
    drive_job(store, home, twin, open_pool=lambda job, say: Workers())
    workers = Workers()
    found = retrain(store, home, twin, 1, {"epochs": 4}, open_pool=lambda job, say: workers)
    assert not workers.seen
    assert found.trial.accuracy == made.trial.accuracy
    assert found.worker_seconds == 0


def test_repeats_and_retrained_trials_stand_for_their_origin(store, job, again):
    repeat = next(t for t in store.trials.list(job.id) if t.kind == "finalist")
    first = again(repeat.number, epochs=4)
    assert (first.trial.origin, first.trial.seed) == (repeat.origin, repeat.seed)
    assert again(first.trial.number, epochs=5).trial.origin == repeat.origin


def test_damage_and_losses_are_survived_but_not_for_ever(again):
    spoilt = []

    def once(task, answer):
        if task.end_epoch == 3 and len(spoilt) < 2:
            spoilt.append(task)
            if len(spoilt) == 1:
                return Lost(task.key, "killed")
            return failed(answer, "bad_checkpoint")
        return answer

    workers = Workers(spoil=once)
    assert again(1, workers, epochs=4).trial.attempts == 0
    third = [(t.start_epoch, t.end_epoch) for t in workers.seen if t.end_epoch == 3]
    assert third == [(2, 3), (2, 3), (0, 3)]
    lost = Workers(spoil=lambda task, answer: Lost(task.key, "out of memory"))
    with pytest.raises(TrainingFailed, match="lost 3 times: out of memory"):
        again(1, lost, epochs=6)


def test_nodes_that_go_away_are_not_counted(again):
    gone = []

    def leaving(task, answer):
        gone.append(task)
        return Lost(task.key, "its node is gone", "node") if len(gone) < 6 else answer

    assert again(1, Workers(spoil=leaving), epochs=4).trial.attempts == 0


def test_a_failed_one_says_why_and_may_be_tried_again(again):
    bad = Workers(spoil=lambda task, answer: failed(answer, "diverged", "loss is nan"))
    with pytest.raises(TrainingFailed, match="diverged: loss is nan"):
        again(1, bad, epochs=4)
    workers = Workers()
    assert again(1, workers, epochs=4).trial.state == "done"
    assert workers.seen[0].start_epoch == 0


def test_bad_input_is_refused_before_anything_is_written(store, home, job, again):
    before = store.trials.list(job.id), store.jobs.events(job.id)
    with pytest.raises(NotFound, match="no trial '99'"):
        again(99, epochs=3)
    with pytest.raises(UsageProblem, match=r"recipe.epochs: 0 is out of range"):
        again(1, epochs=0)
    with driving(store, job), pytest.raises(WrongState):
        again(1, epochs=3)
    store.jobs.add_details(job.id, {"data": {**job.details["data"], "hash": "other"}})
    job = store.jobs.get(job.name)
    with pytest.raises(DataProblem, match="has changed since"):
        retrain(store, home, job, 1, {"epochs": 3}, open_pool=lambda job, say: Workers())
    assert (store.trials.list(job.id), store.jobs.events(job.id)) == before


def test_data_that_is_gone_is_named(store, home, tmp_path):
    images = tmp_path / "images"
    for part in ("train", "test"):
        for label in ("cat", "dog"):
            folder = images / part / label
            folder.mkdir(parents=True)
            for number in range(10):
                Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / f"{number}.png")
    places = {"data.name": "image_folder", "data.root": str(images), "data.image_size": 8}
    job = submitted(store, **places)
    job = drive_job(store, home, job, open_pool=lambda job, say: Workers())
    shutil.rmtree(images)
    with pytest.raises(DataProblem, match=f"the data of job small can't be read.*{images}"):
        retrain(store, home, job, 1, {"epochs": 3}, open_pool=lambda job, say: Workers())
    assert not job_summary(store, job)["retrained"]


def test_mlflow_hears_of_the_recipe(again):
    trial = again(1, epochs=30).trial
    assert values.trial_name(trial) == f"trial {trial.number} · trial 1 for 30 epochs"
    assert values.trial_params(trial)["recipe.epochs"] == "30"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("search.trials=3", "only the recipe can differ"),
        ("recipe.momentum", "only the recipe can differ"),
        ("recipe.lr=0.1", "the recipe has no .lr.; allowed: .*learning_rate"),
        ("recipe.epochs=3", "--epochs says how long"),
        ("recipe.schedule=annealed", "one schedule spans all epochs"),
        ("recipe.momentun=0.5", "did you mean 'momentum'"),
        ("recipe.momentum=", "is an empty value"),
        ("recipe.momentum=[1", "--set recipe.momentum="),
    ],
)
def test_what_sets_nothing_of_the_recipe_is_refused(text, says):
    with pytest.raises(UsageProblem, match=says):
        recipe_changes(3, [text])


def test_changes_of_the_recipe_are_yaml():
    found = recipe_changes(5, ["recipe.learning_rate=1e-3", "recipe.recalibrate_batch_norm=off"])
    assert found == {"learning_rate": 1e-3, "recalibrate_batch_norm": "off", "epochs": 5}


def test_weights_that_were_dropped_are_trained_again_in_their_place(store, home, job, again):
    book = TrialBook(Plan.of(job, home.checkpoints(job.name)), store)
    trials = store.trials.list(job.id)
    book.drop_checkpoint(0)
    workers = Workers()
    made = again(0, workers, epochs=9)
    assert [(t.key, t.start_epoch, t.end_epoch) for t in workers.seen] == [("0:9", 0, 9)]
    assert (made.trial.number, made.trained_before) == (0, False)
    assert store.trials.list(job.id) == trials
    assert made.reports[-1].checkpoint == book.plan.checkpoint(0, 9)
    with pytest.raises(UsageProblem, match="9 epochs are what the search"):
        again(0, epochs=9)


def test_weights_that_can_t_be_trained_again_are_told(store, home, job, again):
    book = TrialBook(Plan.of(job, home.checkpoints(job.name)), store)
    book.drop_checkpoint(0)
    spoiled = Workers(spoil=lambda task, answer: failed(answer, "error"))
    with pytest.raises(TrainingFailed, match="trial 0's weights could not be trained again"):
        again(0, spoiled, epochs=9)
    assert store.trials.get(job.id, 0).state == "done"

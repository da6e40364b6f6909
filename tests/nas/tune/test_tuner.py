"""Real Tuner runs: trials are processes that report, are paused, promoted, restored."""

import json
import os
import signal
from collections import Counter

import pytest
import ray
from ray import tune
from ray.tune.search import ConcurrencyLimiter

from nas.tune import ExactCost, KnownCostSearch, ParetoScheduler, architecture_of

RUNGS = (1, 2, 4)


@pytest.fixture(scope="module", autouse=True)
def cluster():
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=100 * 1024**2,
        logging_level="error",
        log_to_driver=False,
    )
    yield
    ray.shutdown()


def trainable(log, fails=lambda config: ""):
    """Made here so that it travels by value; it notes in ``log`` every epoch that it trains.

    Where ``fails`` says ``once`` or ``always``, it raises before its second epoch.
    """

    def train(config):
        import json
        import tempfile
        from pathlib import Path

        from ray import tune

        done = 0
        if checkpoint := tune.get_checkpoint():
            with checkpoint.as_directory() as folder:
                done = json.loads(Path(folder, "state.json").read_text())
        trial = tune.get_context().get_trial_id()
        good = config["backbone.width"] / 40 + (config["stage3.type"] == "se") / 10
        for epoch in range(done + 1, 5):
            once = log.with_name(f"failed-{trial}")
            if epoch == 2 and fails(config) and not (fails(config) == "once" and once.exists()):
                once.touch()
                raise RuntimeError("out of luck")
            with log.open("a") as file:
                file.write(f"{trial} {epoch}\n")
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, "state.json").write_text(json.dumps(epoch))
                checkpoint = tune.Checkpoint.from_directory(folder)
                tune.report({"accuracy": good + epoch / 100}, checkpoint=checkpoint)

    return train


def tuner(
    train, folder, param_space, samples, search, scheduler, callbacks=(), failures=0, **options
):
    return tune.Tuner(
        train,
        param_space=param_space,
        tune_config=tune.TuneConfig(
            metric="accuracy",
            mode="max",
            num_samples=samples,
            search_alg=search,
            scheduler=scheduler,
            reuse_actors=True,
            **options,
        ),
        run_config=tune.RunConfig(
            name="run",
            storage_path=str(folder),
            verbose=0,
            callbacks=list(callbacks),
            failure_config=tune.FailureConfig(max_failures=failures),
        ),
    )


def epochs(log):
    """How often each (trial, epoch) was trained."""
    return Counter(log.read_text().splitlines())


def ends(results):
    return [result.metrics["training_iteration"] for result in results]


def test_searcher_and_scheduler_find_the_front_with_part_of_the_training(
    tmp_path, param_space, shape
):
    cost, log = ExactCost(shape), tmp_path / "log"
    search = ConcurrencyLimiter(KnownCostSearch(cost, epochs=4), 2)
    scheduler = ParetoScheduler(cost, RUNGS, reduction=2, prune_after=0)
    results = tuner(trainable(log), tmp_path, param_space, 8, search, scheduler).fit()
    assert len(results) == 8 and not results.errors
    assert len({architecture_of(result.config).hash for result in results}) == 8
    trained = epochs(log)
    assert set(trained.values()) == {1}
    assert set(ends(results)) <= set(RUNGS)
    assert sum(ends(results)) == len(trained) < 8 * 4
    assert 4 in ends(results) and 1 in ends(results)
    study = search.searcher._record.optuna_study
    assert len(study.trials) == 8
    assert Counter(t.state.name for t in study.trials) == Counter(
        "COMPLETE" if end == 4 else "PRUNED" for end in ends(results)
    )
    assert scheduler.debug_string().startswith("Using ParetoScheduler: rung 1: 8 reached, 0 wait")


class Interrupt(tune.Callback):
    """Ctrl-C once a trial has ended and another waits."""

    def __init__(self, flag):
        self.flag = flag

    def on_trial_result(self, iteration, trials, trial, result, **info):
        states = {t.status for t in trials}
        if {"PAUSED", "TERMINATED"} <= states and not self.flag.exists():
            self.flag.write_text(json.dumps({t.trial_id: t.status for t in trials}))
            os.kill(os.getpid(), signal.SIGINT)


def test_a_restored_tuner_goes_on_where_it_was(tmp_path, param_space, shape):
    cost, log, flag = ExactCost(shape), tmp_path / "log", tmp_path / "interrupted"
    train = trainable(log)
    search, scheduler = (
        KnownCostSearch(cost, epochs=4),
        ParetoScheduler(cost, RUNGS, reduction=2, prune_after=0),
    )
    first = tuner(train, tmp_path, param_space, 8, search, scheduler, [Interrupt(flag)]).fit()
    then = json.loads(flag.read_text())
    assert len(first) <= 8
    before = epochs(log)

    results = tune.Tuner.restore(str(tmp_path / "run"), train).fit()
    assert len(results) == 8 and not results.errors
    assert len({architecture_of(result.config).hash for result in results}) == 8
    assert set(ends(results)) <= set(RUNGS)
    after = epochs(log)
    again = {line.split()[0] for line, times in after.items() if times > 1}
    assert again <= {trial for trial, status in then.items() if status == "RUNNING"}
    assert sum(after.values()) < 8 * 4
    finished = [trial for trial, status in then.items() if status == "TERMINATED"]
    assert all(after[f"{trial} {e}"] == before[f"{trial} {e}"] for trial in finished for e in RUNGS)


def test_one_failure_is_made_good_from_the_checkpoint_and_more_end_the_trial(
    tmp_path, param_space, shape
):
    def fails(config):
        return {4: "once", 8: "always"}[config["backbone.width"]]

    cost, log = ExactCost(shape), tmp_path / "log"
    search, scheduler = (
        KnownCostSearch(cost, epochs=4),
        ParetoScheduler(cost, RUNGS, reduction=2, prune_after=0),
    )
    train = trainable(log, fails)
    results = tuner(train, tmp_path, param_space, 4, search, scheduler, failures=1).fit()
    assert len(results) == 4
    assert set(epochs(log).values()) == {1}
    assert {result.config["backbone.width"] for result in results if result.error} <= {8}
    assert all(result.metrics["training_iteration"] == 1 for result in results if result.error)
    failed = [t for t in search._record.optuna_study.trials if t.constraints.get("failed")]
    assert len(failed) == len(results.errors) > 0


def test_random_search_at_its_limit_is_not_held_up_by_what_waits(tmp_path, param_space, shape):
    log = tmp_path / "log"
    scheduler = ParetoScheduler(ExactCost(shape), (1, 4), reduction=3, prune_after=0)
    made = tuner(trainable(log), tmp_path, param_space, 5, None, scheduler, max_concurrent_trials=2)
    results = made.fit()
    assert len(results) == 5 and set(ends(results)) <= {1, 4}
    assert set(epochs(log).values()) == {1}


def test_a_trainable_without_checkpoints_is_refused(tmp_path, param_space, shape):
    def train(config):
        from ray import tune

        tune.report({"accuracy": 0.5})

    cost = ExactCost(shape)
    scheduler = ParetoScheduler(cost, RUNGS, prune_after=0)
    made = tuner(train, tmp_path, param_space, 2, KnownCostSearch(cost), scheduler)
    with pytest.raises(Exception, match="reported no checkpoint at training_iteration 1"):
        made.fit()

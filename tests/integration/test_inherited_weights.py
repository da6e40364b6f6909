"""Scores on inherited weights with real workers, and the same after a stop in the middle."""

import pytest

from nas.analysis.summary import job_summary
from nas.analysis.verdict import verdict
from nas.home import Home
from nas.job_file.spec import JobSpec
from nas.jobs.deep import deep_check
from nas.jobs.driver import drive_job
from nas.jobs.submission import submit
from nas.store.store import Store
from search_spaces.architecture import Architecture
from workers.inline import InlinePool
from workers.protocol import Inheritance

SPEC = JobSpec.model_validate(
    {
        "name": "inherited",
        "data": {"name": "digits", "fraction": 0.3},
        "space": {
            "backbone": {"name": "cifar_resnet", "depth": 8, "width": [2, 4]},
            "attention": [{"stages": 3, "types": {"none": None, "se": {"ratio": 2}, "eca": None}}],
        },
        "recipe": {"epochs": 2, "batch_size": 32},
        "search": {"trials": 6, "rungs": [1, 2], "inherit": True, "sampler": "random"},
        "finalists": {"seeds": 0},
        "workers": {"count": 1, "device": "cpu"},
    }
)


class Stopping(InlinePool):
    """Real training; Ctrl-C at the second score."""

    scores = 0

    def submit(self, task):
        self.scores += isinstance(task, Inheritance)
        if self.scores == 2:
            raise KeyboardInterrupt
        super().submit(task)


def reports(store, job):
    """Validation accuracy by what was trained and epoch."""
    rows = store.trials.reports(job.id)
    return {
        (trial.architecture, row.epoch): row.validation_accuracy
        for trial in store.trials.list(job.id)
        for row in rows.get(trial.id, ())
    }


def finished(folder, *pools):
    store, home = Store(f"sqlite:///{folder / 'store.db'}"), Home(folder)
    job = submit(store, SPEC, deep_check(SPEC, estimate=False))
    for pool in pools:
        if isinstance(pool, Stopping):
            with pytest.raises(KeyboardInterrupt):
                drive_job(store, home, job, open_pool=lambda job, say, pool=pool: pool)
        else:
            job = drive_job(store, home, job, open_pool=lambda job, say, pool=pool: pool)
    return store, job


def test_every_candidate_is_scored_on_real_weights_also_after_a_stop(tmp_path):
    store, job = finished(tmp_path / "whole", InlinePool())
    found = reports(store, job)
    scored = {text for text, epoch in found if epoch == 0}
    assert scored == {text for text, _ in found if Architecture.from_json(text).attention}
    assert job_summary(store, job)["epochs"]["inherited"] == len(scored) > 1
    assert verdict(store, job).inherited.scored == len(scored)

    other, resumed = finished(tmp_path / "stopped", Stopping(), InlinePool())
    again = reports(other, resumed)
    shared = found.keys() & again.keys()
    assert len(shared) > 6
    assert {key: again[key] for key in shared} == {key: found[key] for key in shared}
    assert job_summary(other, resumed)["trials"]["total"] == 6

"""A whole job on workers whose truth is known: search, finalists, verdict, effects."""

import pytest

from nas.analysis.effects import effects
from nas.analysis.verdict import verdict
from nas.home import Home
from nas.jobs.driver import drive_job
from tests.nas.search.conftest import Workers, record
from workers.inline import InlinePool

SPACE = {
    "backbone": {"name": "cifar_resnet", "depth": [8, 14], "width": [4, 8, 16]},
    "attention": [
        {"types": {"none": None, "se": {"ratio": [2, 4]}, "eca": None, "cbam": {"ratio": 4}}}
    ],
}


def judged(store, home, worker, sampler):
    wanted = {"space": SPACE, "search.trials": 40, "finalists.seeds": 5, "search.sampler": sampler}
    job = record(store, **wanted)
    pool = InlinePool(f"workers.planted:{worker}")
    done = drive_job(store, home, job, open_pool=lambda job, say: pool)
    return done, verdict(store, done)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def test_a_type_that_truly_helps_by_two_points_is_found_through_the_whole_pipeline(store, home):
    job, found = judged(store, home, "planted", "known_cost")
    told = " ".join(found.sentences)
    assert "beats the same backbone without attention by" in told
    winners = {
        c.trial.trial: c.trial.architecture["attention"]
        for c in found.comparisons
        if c.trial.has_attention and c.better and c.same_backbone and not c.against.has_attention
    }
    assert winners
    assert all(_stage3(attention) == "cbam" for attention in winners.values())
    (gain, *_) = [
        c.accuracy
        for c in found.comparisons
        if c.trial.trial in winners and c.same_backbone and not c.against.has_attention
    ]
    assert gain.low < 0.02 < gain.high
    best = effects(store, job).strongest(1)[0]
    assert (best.stage, best.type, best.separable) == ("stage3", "cbam", True)
    assert best.accuracy.low < 0.02
    assert best.accuracy.mean > 0.012


def test_where_nothing_separates_it_says_so(store, home):
    job, found = judged(store, home, "futile", "random")
    assert found.sentence.startswith(
        ("On this budget no placement beats no attention", "Attention doesn't pay on this budget")
    )
    assert not any(
        c.separable and c.same_backbone for c in found.comparisons if c.trial.has_attention
    )
    assert not any(e.separable for e in effects(store, job).effects)
    told = effects(store, job).importance
    width = next(i for i in told if (i.objective, i.axis) == ("accuracy", "width"))
    assert width.share > 0.8


def _stage3(attention):
    return next((c["type"] for place, c in attention.items() if place.startswith("stage3.")), "")


def trainings(store, job):
    """What was trained, in order, with all that came out."""
    reports = store.trials.reports(job.id)
    return [
        (
            (t.architecture, t.seed),
            t.kind,
            t.label,
            t.state,
            t.test_accuracy,
            tuple((r.epoch, r.validation_accuracy) for r in reports.get(t.id, ())),
        )
        for t in store.trials.list(job.id)
    ]


def driven(store, home, name, size=1):
    job = record(store, name=name, **{"search.cache": False, "search.trials": 14})
    return drive_job(store, home, job, open_pool=lambda job, say: Workers(size=size))


def test_one_worker_and_one_seed_give_the_same_job_repeats_and_all(store, home):
    one, again = driven(store, home, "one"), driven(store, home, "again")
    assert trainings(store, one) == trainings(store, again)


def test_many_workers_give_the_same_results_for_the_same_architectures(store, home):
    alone = trainings(store, driven(store, home, "one"))
    beside = trainings(store, driven(store, home, "many", size=4))
    known = {row[0]: dict(row[-1]) for row in alone}
    common = 0
    for same, *_, reports in beside:
        for epoch, accuracy in reports:
            if epoch in known.get(same, {}):
                common += 1
                assert known[same][epoch] == accuracy
    assert common > 20

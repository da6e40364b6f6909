from dataclasses import replace

import pytest

from nas.errors import DataProblem, WrongState
from nas.holding.leasing import driving
from nas.home import Home
from nas.jobs.driver import drive_job
from nas.jobs.extending import extend
from nas.jobs.extension import begun, changed_document, extended_spec
from search_spaces.architecture import Architecture
from search_spaces.space import SearchSpace
from tests.nas.search.conftest import SPACE, Workers, found_for, record

WIDE = {
    "backbone": {"name": "cifar_resnet", "depth": 8, "width": [4, 8, 12]},
    "attention": [{"types": {"none": None, "se": {"ratio": [2, 4]}, "eca": None, "simam": None}}],
}
NARROW = {
    "backbone": {"name": "cifar_resnet", "depth": 8, "width": 8},
    "attention": [{"types": {"none": None, "se": {"ratio": [2, 4]}}}],
}


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def drive(store, home, job, workers=None):
    return drive_job(store, home, job, open_pool=lambda job, say: workers or Workers())


def extended(store, home, job, *, trials=None, space=None, **found):
    count = begun(store.trials.list(job.id))
    document = changed_document(job, trials, begun=count)
    if space:
        document.put(("space",), space, "--space")
    spec = extended_spec(job, document, count)
    return extend(store, home, job, spec, replace(found_for(spec), **found))


def searched(store, job):
    return [t for t in store.trials.list(job.id) if t.kind != "finalist"]


def test_a_finished_job_goes_on_and_its_old_trials_stay(store, home):
    job = drive(store, home, record(store))
    before = store.trials.list(job.id)
    queued = extended(store, home, job, trials=10)
    assert (queued.state, queued.finished_ms) == ("queued", None)
    workers = Workers()
    job = drive(store, home, queued, workers)
    assert job.state == "done"
    assert len(searched(store, job)) == 30
    after = {t.number: t for t in store.trials.list(job.id)}
    assert all(after[t.number] == t for t in before if t.test_accuracy is not None)
    new = {int(t.key.split(":")[0]) for t in workers.seen if hasattr(t, "end_epoch")}
    assert not new & {t.number for t in before}


def test_the_job_knows_what_it_was_extended_with(store, home):
    job = drive(store, home, record(store))
    job = drive(store, home, extended(store, home, job, trials=4))
    job = extended(store, home, job, trials=2, space=NARROW)
    first, second = job.details["extensions"]
    assert (first["changes"], first["trials"]) == ({"search.trials": [20, 24]}, 20)
    assert second["changes"] == {"search.trials": [24, 26], "space": [SPACE, NARROW]}


def test_in_a_narrowed_space_new_trials_lie_inside_and_old_ones_still_count(store, home):
    job = drive(store, home, record(store))
    old = {t.number for t in searched(store, job)}
    job = drive(store, home, extended(store, home, job, trials=6, space=NARROW))
    space = SearchSpace.from_dict(NARROW)
    new = [t for t in searched(store, job) if t.number not in old]
    assert new
    suggested = [t for t in new if t.kind == "search"]
    assert all(Architecture.from_json(t.architecture) in space for t in suggested)
    assert old <= {t.number for t in searched(store, job)}


def test_a_wider_space_brings_its_rules_and_grows_the_reference_box(store, home):
    job = drive(store, home, record(store))
    box = job.details["reference"]["cost"]
    job = extended(store, home, job, trials=10, space=WIDE)
    assert job.details["reference"]["cost"] > box
    low, high = job.details["cost_range"]["forward_flops"]
    assert high == job.details["reference"]["cost"]
    job = drive(store, home, job)
    plain = [t for t in searched(store, job) if t.label == "none"]
    backbones = [Architecture.from_json(t.architecture).backbone for t in plain]
    assert {dict(backbone.axes)["width"] for backbone in backbones} == {4, 8, 12}
    assert low <= min(t.forward_flops for t in searched(store, job))


def test_a_narrower_space_does_not_shrink_the_reference_box(store, home):
    job = drive(store, home, record(store))
    box = job.details["reference"]
    small = {**NARROW, "backbone": {**NARROW["backbone"], "width": 4}}
    assert extended(store, home, job, trials=4, space=small).details["reference"] == box


def test_an_interrupted_job_drops_what_waits_outside_of_the_space(store, home):
    def spoil(task, answer):
        if task.key.startswith("12:"):
            raise KeyboardInterrupt
        return answer

    job = record(store)
    with pytest.raises(KeyboardInterrupt):
        drive(store, home, job, Workers(spoil=spoil))
    job = extended(store, home, store.jobs.get("small"), space=NARROW)
    space = SearchSpace.from_dict(NARROW)
    open_ = [t for t in searched(store, job) if t.state in ("running", "waiting")]
    dropped = [t for t in searched(store, job) if t.reason.startswith("outside of the space")]
    assert dropped
    assert {t.state for t in dropped} == {"pruned"}
    for trial in open_:
        assert trial.kind == "baseline" or Architecture.from_json(trial.architecture) in space
    assert drive(store, home, job).state == "done"


def test_other_images_are_refused_and_nothing_changes(store, home):
    job = drive(store, home, record(store))
    with pytest.raises(DataProblem, match="the images have changed since job small began"):
        extended(store, home, job, trials=4, data_hash="f" * 16)
    assert store.jobs.get("small") == job


def test_a_job_that_is_driven_is_not_extended(store, home):
    job = drive(store, home, record(store))
    with driving(store, job), pytest.raises(WrongState):
        extended(store, home, job, trials=4)
    assert store.jobs.get("small") == job


def test_a_wider_space_measures_its_latency_reference_anew(store, home):
    changes = {"cost.objective": "latency_ms", "search.trials": 8}
    job = drive(store, home, record(store, **changes))
    box = job.details["reference"]["cost"]
    job = drive(store, home, extended(store, home, job, trials=4, space=WIDE))
    assert job.details["latency_reference"]["median_ms"] > 0
    assert job.details["reference"]["cost"] >= box

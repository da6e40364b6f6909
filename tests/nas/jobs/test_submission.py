import re

import pytest

from nas.errors import NameTaken
from nas.job_file.spec import JobSpec
from nas.jobs.submission import resolve_recipe, resolve_workers
from nas.plan import Plan
from tests.nas.search.conftest import job_spec, record


def test_a_job_records_what_must_not_change_later(store):
    job = record(store)
    assert job.state == "queued"
    assert JobSpec.model_validate(job.spec) == job_spec()
    assert job.details["rungs"] == [1, 3, 9]
    assert job.details["reference"]["accuracy"] == 0.1
    assert job.details["reference"]["cost"] == job.details["cost_range"]["forward_flops"][1]
    assert set(job.details["versions"]) >= {"python", "torch", "optuna", "ray"}
    assert job.details["device"] == "cpu"


def test_a_place_of_checkpoints_gets_a_folder_that_no_other_store_names(store):
    jobs = [record(store, name=name, **{"checkpoints.place": "s3://b/x"}) for name in ("a", "b")]
    assert [re.sub("[0-9a-f]{8}$", "*", job.details["checkpoints"]) for job in jobs] == [
        "s3://b/x/a-*",
        "s3://b/x/b-*",
    ]
    plan = Plan.of(jobs[0], "/home/checkpoints/a")
    assert plan.checkpoint(3, 9) == f"{jobs[0].details['checkpoints']}/00003/0009.pt"
    plain = record(store, name="c")
    assert "checkpoints" not in plain.details
    assert Plan.of(plain, "/home/checkpoints/c").checkpoint(0, 1).startswith("/home/checkpoints/c/")


def test_a_taken_name_is_refused(store):
    record(store)
    with pytest.raises(NameTaken):
        record(store)


def test_the_reference_of_latency_is_left_to_the_driver(store):
    job = record(store, **{"cost.objective": "latency_ms"})
    assert job.details["reference"]["cost"] is None


def test_workers_are_resolved_on_a_machine_without_a_gpu():
    spec = job_spec(**{"workers.count": 3, "workers.cpus": 2, "workers.device": "cpu"})
    assert resolve_workers(spec) == {
        "count": 3,
        "cpus": 2,
        "gpus": 0,
        "address": None,
        "patience": None,
        "device": "cpu",
    }


def test_a_cluster_with_gpus_trains_on_them_whatever_is_here():
    spec = job_spec(**{"workers.count": 4, "workers.gpus": 0.5, "workers.address": "ray://x:1"})
    assert resolve_workers(spec)["device"] == "cuda"


def test_digits_are_never_mirrored():
    assert resolve_recipe(job_spec(), "cpu").augmentation == "crop"


def test_what_is_asked_for_stays():
    spec = job_spec(**{"recipe.precision": "float32", "recipe.channels_last": "off"})
    recipe = resolve_recipe(spec, "cpu")
    assert (recipe.precision, recipe.channels_last) == ("float32", "off")

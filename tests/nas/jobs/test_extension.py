import json
from dataclasses import replace

import pytest

from nas.errors import JobFileError, UsageProblem
from nas.jobs.extension import begun, changed_document, changes, extended_spec, extension
from tests.nas.search.conftest import SPACE, record

NARROW = {"backbone": SPACE["backbone"], "attention": [{"types": {"none": None, "eca": None}}]}


@pytest.fixture
def job(store):
    return record(store)


def spec_of(job, *arguments, count=20, **more):
    return extended_spec(job, changed_document(job, *arguments, begun=count, **more), count)


def test_more_trials_are_added_to_those_of_the_job_file(job):
    assert spec_of(job, 10).search.trials == 30
    assert spec_of(job, 10, count=12).search.trials == 30
    assert spec_of(job, overrides=["search.trials=25"]).search.trials == 25


def test_where_the_space_ran_out_they_are_added_to_those_that_began(store, job):
    store.jobs.add_details(job.id, {"exhausted": True})
    assert spec_of(store.jobs.get(job.name), 10, count=15).search.trials == 25


def test_a_space_comes_as_a_section_a_file_a_job_file_or_a_name(job, tmp_path):
    section = json.dumps(NARROW)
    (tmp_path / "space.yaml").write_text(section)
    (tmp_path / "job.yaml").write_text(json.dumps({"name": "other", "space": NARROW}))
    for given in (section, str(tmp_path / "space.yaml"), str(tmp_path / "job.yaml")):
        assert spec_of(job, 1, given).space == NARROW
    assert spec_of(job, 1, "cifar_small").space == "cifar_small"


@pytest.mark.parametrize(
    "override",
    ["seed=1", "recipe.epochs=12", "data.fraction=0.5", "search.sampler=random", "name=other"],
)
def test_what_would_make_trials_incomparable_is_refused(job, override):
    key = override.split("=")[0]
    with pytest.raises(JobFileError, match=f"--set {override}: {key}: can't change") as caught:
        spec_of(job, 5, overrides=[override])
    assert "warm_start: [small]" in str(caught.value)


def test_what_is_wrong_in_a_change_is_told_at_its_option(job):
    with pytest.raises(JobFileError, match=r"--set search.trails=3: search.trails: unknown key"):
        spec_of(job, overrides=["search.trails=3"])
    with pytest.raises(JobFileError, match=r"--space cifar_smal: space: .*'cifar_small'"):
        spec_of(job, 5, "cifar_smal")
    with pytest.raises(JobFileError, match="there is no such file"):
        spec_of(job, 5, "missing.yaml")


def test_a_change_without_a_trial_left_for_it_is_refused(job):
    with pytest.raises(UsageProblem, match="all 20 trials of small have been spent; say with"):
        spec_of(job, None, json.dumps(NARROW))
    assert spec_of(job, None, json.dumps(NARROW), count=12).search.trials == 20
    assert spec_of(job, overrides=["finalists.seeds=5"]).finalists.seeds == 5


def test_no_change_and_fewer_trials_than_began_are_refused(job):
    with pytest.raises(UsageProblem, match="nothing of job small would change"):
        spec_of(job)
    with pytest.raises(UsageProblem, match=r"search\.trials is 3, but 20 trials"):
        spec_of(job, overrides=["search.trials=3"])


def test_what_a_change_breaks_elsewhere_is_told_of_the_job_not_of_a_line(job):
    with pytest.raises(JobFileError, match=r"\njob small: search.audit.trials: 8 is more"):
        audited = replace(job, spec=job.spec | {"search": {"trials": 20, "audit": {"trials": 8}}})
        spec_of(audited, overrides=["search.trials=5"], count=3)


def test_changes_name_keys_with_old_and_new_values(job):
    new = spec_of(job, 5, json.dumps(NARROW)).model_dump(mode="json")
    assert changes(job.spec, new) == {"space": [SPACE, NARROW], "search.trials": [20, 25]}


def test_an_entry_says_when_what_and_after_how_many_trials(job):
    entry = extension(job, spec_of(job, 5), 20)
    assert entry["at_ms"] >= job.created_ms
    assert (entry["changes"], entry["trials"]) == ({"search.trials": [20, 25]}, 20)


def test_finalists_do_not_count_as_begun(store, add_job):
    job = add_job(store, [{"flops": 10, "accuracy": 0.9, "repeats": [(1, 0.9, None)]}])
    assert begun(store.trials.list(job.id)) == 1


def test_a_job_from_before_a_section_is_extended_as_if_it_had_its_defaults(store, job):
    spec = {key: value for key, value in job.spec.items() if key != "checkpoints"}
    old = replace(job, spec=spec)
    found = spec_of(old, 5)
    assert extension(old, found, 20)["changes"] == {"search.trials": [20, 25]}


def test_the_disk_limit_may_change_and_the_place_may_not(job):
    found = spec_of(job, overrides=["checkpoints.disk_limit=5 GB"])
    assert found.checkpoints.disk_limit == 5 * 10**9
    with pytest.raises(JobFileError, match=r"checkpoints\.place: can't change"):
        spec_of(job, 1, overrides=["checkpoints.place=s3://b"])

from dataclasses import fields

import pytest
from pydantic import ValidationError

from nas.job_file.sections import (
    CheckpointsSection,
    CostSection,
    DataSection,
    RecipeSection,
    SearchSection,
    TrackingSection,
    WorkersSection,
)
from workers.datasets import DATASETS, DataSpec
from workers.recipe import Recipe


@pytest.mark.parametrize(("section", "value"), [(RecipeSection, Recipe), (DataSection, DataSpec)])
def test_sections_have_the_workers_fields_and_defaults(section, value):
    # A schedule in words there is a list of restarts here: ``JobSpec.recipe_value`` makes it.
    defaults = {field.name: field.default for field in fields(value) if field.name != "restarts"}
    found = section().model_dump(exclude={"schedule"})
    assert list(found) == list(defaults)
    assert found == defaults


@pytest.mark.parametrize(
    ("trials", "audited"), [(1, 0), (59, 0), (60, 8), (80, 8), (120, 12), (240, 24), (9000, 24)]
)
def test_an_audit_is_scaled_to_the_search(trials, audited):
    assert SearchSection(trials=trials).audited == audited
    assert SearchSection(trials=trials, pruner="none").audited == 0
    assert SearchSection(trials=trials, audit={"trials": 1}).audited == 1


def test_an_audit_is_part_of_the_search():
    with pytest.raises(ValidationError, match="4 is more than search") as caught:
        SearchSection(trials=3, audit={"trials": 4})
    assert caught.value.errors()[0]["loc"] == ("audit", "trials")


@pytest.mark.parametrize("wrong", [-1, 2.5, "some", True])
def test_an_audits_size_is_auto_or_a_number(wrong):
    with pytest.raises(ValidationError, match="allowed: auto, an integer from 0"):
        SearchSection(trials=3, audit={"trials": wrong})


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_by_name(name):
    assert DataSection(name=name, root="x").name == name


def test_data_set_with_files_needs_a_root():
    with pytest.raises(ValidationError, match="mnist needs the folder") as caught:
        DataSection(name="mnist")
    assert caught.value.errors()[0]["loc"] == ("root",)


@pytest.mark.parametrize(
    ("section", "values"),
    [
        (SearchSection, {"trials": 0}),
        (SearchSection, {"trials": True}),
        (SearchSection, {"trials": 2.0}),
        (SearchSection, {"trials": "3"}),
        (SearchSection, {"trials": 3, "reduction": 1}),
        (SearchSection, {"trials": 3, "rungs": [0, 2]}),
        (RecipeSection, {"epochs": 0}),
        (RecipeSection, {"learning_rate": 0}),
        (RecipeSection, {"learning_rate": float("nan")}),
        (RecipeSection, {"learning_rate": float("inf")}),
        (RecipeSection, {"momentum": 1}),
        (DataSection, {"fraction": 0}),
        (DataSection, {"fraction": 1.5}),
        (DataSection, {"validation": 1}),
        (CostSection, {"limits": {"parameters": 0}}),
        (CostSection, {"limits": {"flops": 1}}),
        (WorkersSection, {"count": 0}),
        (WorkersSection, {"count": "many"}),
        (WorkersSection, {"count": True}),
        (WorkersSection, {"gpus": 1.5}),
        (WorkersSection, {"gpus": -1}),
    ],
)
def test_refused_values(section, values):
    with pytest.raises(ValidationError):
        section.model_validate(values)


@pytest.mark.parametrize(
    ("word", "value"), [("yes", True), ("on", True), ("no", False), ("off", False), (True, True)]
)
def test_switches_take_the_words_of_yaml_1_1(word, value):
    assert TrackingSection.model_validate({"enabled": word}).enabled is value


@pytest.mark.parametrize("word", ["maybe", 1, "1"])
def test_switches_take_nothing_else(word):
    with pytest.raises(ValidationError):
        TrackingSection.model_validate({"enabled": word})


def test_known_key_without_a_value_is_absent_but_an_unknown_one_is_refused():
    assert RecipeSection.model_validate({"epochs": None}).epochs == Recipe.epochs
    with pytest.raises(ValidationError):
        RecipeSection.model_validate({"epoch": None})


@pytest.mark.parametrize(
    ("count", "cpus", "cores", "workers"),
    [("auto", 1, 4, 4), ("auto", 2, 5, 2), ("auto", 8, 4, 1), (3, 1, 1, 3)],
)
def test_auto_is_a_worker_for_every_cpus_cores(count, cpus, cores, workers):
    assert WorkersSection(count=count, cpus=cpus).resolved_count(cores) == workers


def test_sections_cannot_be_changed():
    with pytest.raises(ValidationError):
        SearchSection(trials=3).trials = 4


@pytest.mark.parametrize(
    ("given", "place", "limit"),
    [
        ({}, None, None),
        ({"place": "s3://bucket/nas/", "disk_limit": "20 GB"}, "s3://bucket/nas", 20 * 10**9),
        ({"place": "file:///data", "disk_limit": 5000}, "/data", 5000),
    ],
)
def test_checkpoints_have_a_place_and_a_limit(given, place, limit):
    section = CheckpointsSection.model_validate(given)
    assert (section.place, section.disk_limit) == (place, limit)
    assert CheckpointsSection.model_validate(section.model_dump(mode="json")) == section


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"place": "s4://bucket"}, "unknown scheme 's4' .did you mean 's3'"),
        ({"disk_limit": "20 GBB"}, "'20 GBB' is not a size; allowed"),
        ({"limit": 5}, "Extra inputs"),
    ],
)
def test_checkpoints_elsewhere_are_refused(given, says):
    with pytest.raises(ValidationError, match=says):
        CheckpointsSection.model_validate(given)

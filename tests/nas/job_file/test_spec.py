import pytest
from pydantic import ValidationError

from nas.job_file.spec import JobSpec, derived_rungs
from search_spaces.ready import ready_names
from search_spaces.space import SearchSpace
from workers.datasets import DataSpec
from workers.recipe import Recipe

LEAST = {"name": "a", "space": "cifar_small", "search": {"trials": 3}}


def spec(**parts):
    return JobSpec.model_validate({**LEAST, **parts})


def wrong(**parts):
    with pytest.raises(ValidationError) as caught:
        spec(**parts)
    return {tuple(e["loc"]): e["msg"] for e in caught.value.errors()}


def test_least_job_takes_the_workers_defaults():
    job = spec()
    assert job.recipe_value() == Recipe()
    assert job.data_value() == DataSpec()
    assert job.finalists.seeds == 3


def test_an_annealed_schedule_begins_anew_at_every_rung():
    job = spec(recipe={"epochs": 8, "schedule": "annealed"}, search={"trials": 3, "rungs": [1, 8]})
    assert job.recipe_value() == Recipe(epochs=8, restarts=(1,))
    whole = spec(
        recipe={"epochs": 8, "schedule": "annealed"}, search={"trials": 3, "pruner": "none"}
    )
    assert whole.recipe_value() == Recipe(epochs=8)


def test_stored_json_reads_back_equal():
    job = spec(search={"trials": 3, "rungs": [1, 12]}, workers={"count": 2, "gpus": 0.5})
    assert JobSpec.model_validate(job.model_dump(mode="json")) == job


@pytest.mark.parametrize("name", ready_names())
def test_space_by_name(name):
    assert isinstance(spec(space=name).search_space(), SearchSpace)


def test_space_as_a_section():
    section = {"backbone": {"name": "resnet18"}, "attention": [{"types": {"se": None}}]}
    assert spec(space=section).search_space().size() == 1


def test_every_error_of_a_space_keeps_its_place():
    section = {
        "backbone": {"name": "resnet18", "widht": 3},
        "attention": [{"types": {"see": None, "eca": {"kernel_size": 2}}}],
    }
    assert set(wrong(space=section)) == {
        ("space", "backbone", "widht"),
        ("space", "attention", 0, "types", "see"),
        ("space", "attention", 0, "types", "eca", "kernel_size"),
    }


@pytest.mark.parametrize(
    ("space", "message"),
    [("cifar_smal", "did you mean 'cifar_small'?"), (3, "name of a ready space or a section")],
)
def test_wrong_kinds_of_space(space, message):
    assert message in wrong(space=space)["space",]


@pytest.mark.parametrize(
    ("rungs", "message"),
    [
        ([3, 6], "must end at recipe.epochs, which is 12"),
        ([6, 3, 12], "must rise"),
        ([3, 3, 12], "must rise"),
        ([], "must rise"),
        ([3, 24], "must end"),
    ],
)
def test_rungs_rise_and_end_at_the_budget(rungs, message):
    assert message in wrong(search={"trials": 3, "rungs": rungs})["search", "rungs"]


def test_rungs_are_checked_beside_other_errors():
    found = wrong(search={"trials": 3, "rungs": [3]}, seed="x")
    assert set(found) == {("search", "rungs"), ("seed",)}


@pytest.mark.parametrize(
    ("epochs", "rungs"), [(1, (1,)), (2, (1, 2)), (3, (1, 3)), (8, (2, 4, 8)), (12, (3, 6, 12))]
)
def test_derived_rungs(epochs, rungs):
    assert derived_rungs(epochs) == rungs
    assert spec(recipe={"epochs": epochs}).rungs() == rungs


def test_without_a_pruner_only_the_full_budget_is_a_rung():
    assert spec(search={"trials": 3, "pruner": "none", "rungs": [3, 12]}).rungs() == (12,)


def test_name_is_checked():
    assert "is not a job name" in wrong(name="Bad Name")["name",]


def test_limits_of_time_are_hours():
    spec = JobSpec.model_validate(LEAST | {"budget": {"wall_clock": "90m", "cpu_hours": 2}})
    assert (spec.budget.wall_clock, spec.budget.cpu_hours) == (1.5, 2.0)
    assert JobSpec.model_validate(spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"epochs": 11}, "11 is less than one training: recipe.epochs is 12"),
        ({"epochs": 0}, "greater than or equal to 1"),
        ({"wall_clock": "90 minutes"}, "'90 minutes' is not a duration; allowed: hours as a"),
        ({"gpu_hours": 0}, "0 is not a duration"),
        ({"finalists_share": 1.0}, "less than 1"),
    ],
)
def test_impossible_budgets_are_refused(budget, message):
    with pytest.raises(ValidationError, match=message):
        JobSpec.model_validate(LEAST | {"budget": budget})


def test_warm_start_takes_one_name_or_several():
    assert spec(warm_start="base").warm_start == ("base",)
    assert spec(warm_start=["base", "other"]).warm_start == ("base", "other")
    assert spec().warm_start == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"warm_start": ["base", "base"]}, "names 'base' twice"),
        (
            {"warm_start": ["base"], "search": {"trials": 3, "cache": False}},
            "search.cache is false",
        ),
    ],
)
def test_a_warm_start_that_can_not_be_is_refused(changes, words):
    with pytest.raises(ValidationError, match=words):
        spec(**changes)

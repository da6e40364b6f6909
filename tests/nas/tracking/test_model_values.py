import pytest

from nas.analysis.front import front
from nas.errors import UsageProblem
from nas.tracking.model_values import Candidate, check_model_name, requirements


@pytest.fixture
def job(store, add_job):
    repeats = [(1, 0.92, 0.91), (2, 0.925, 0.915)]
    return add_job(
        store,
        [{"flops": 10**6, "accuracy": 0.93, "attention": "stage1:se", "repeats": repeats}],
        name="model.values",
    )


def candidate(store, job, **more):
    (point,) = front(store, job).points
    return Candidate(job, store.trials.get(job.id, 0), point, ("torch",), **more)


@pytest.mark.parametrize("name", ["a", "flowers-2.small", "Flowers of May", "0"])
def test_a_name_that_mlflow_takes_is_given_back(name):
    assert check_model_name(name) == name


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "it's", "..", "a\nb", "x" * 201, "ä"])
def test_any_other_is_refused_with_the_rule(name):
    with pytest.raises(UsageProblem, match="a name has 1 to 200 characters"):
        check_model_name(name)


def test_a_refused_name_is_corrected():
    with pytest.raises(UsageProblem, match="for example 'team-model'"):
        check_model_name("team/model")


def test_the_alias_says_how_it_was_picked(store, job):
    assert candidate(store, job, pick="one-standard-error").alias == "pareto-one-standard-error"
    assert candidate(store, job).alias == "trial-0"
    assert "." not in candidate(store, job).logged_name


def test_tags_are_the_fronts_numbers(store, job, monkeypatch):
    monkeypatch.setenv("NAS_DASHBOARD_URL", "https://nas.example")
    made = candidate(store, job, pick="knee", reason="knee: for a test")
    tags, (point,) = made.tags(), front(store, job).points
    for key in ("accuracy", "accuracy_low", "accuracy_high", "test_accuracy"):
        assert float(tags[f"nas.{key}"]) == getattr(point, key)
    assert tags["nas.forward_flops"] == "1000000"
    assert "nas.latency_ms" not in tags
    assert (tags["nas.job"], tags["nas.trial"]) == ("model.values", "0")
    assert tags["nas.picked"] == "knee: for a test"
    assert tags["nas.page"] == "https://nas.example/jobs/model.values/trials/0"
    assert made.identity.items() <= tags.items()
    assert "stage1.pre_add: se(ratio=4)" in made.description()


def test_packages_are_pinned_without_the_build_and_others_are_named():
    pins, missing = requirements(("torch", "somebodys_own"))
    names = [line.partition("==")[0] for line in pins]
    assert names == ["torch", "numpy", "safetensors"]
    assert not any("+" in line for line in pins)
    assert missing == ["somebodys_own"]

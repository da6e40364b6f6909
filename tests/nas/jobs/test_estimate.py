import pytest
import torch

from nas.job_file.spec import JobSpec
from nas.jobs.estimate import duration, epoch_seconds, hours, trainings
from workers.data import load


@pytest.fixture
def spec():
    section = {
        "backbone": {"name": "cifar_resnet", "depth": 8, "width": 4},
        "attention": [{"types": {"none": None}}],
    }
    parts = {"space": section, "recipe": {"epochs": 2}, "workers": {"count": 2}}
    return JobSpec.model_validate({"name": "a", "search": {"trials": 30}, **parts})


def test_hours_are_all_epochs_shared_by_the_workers(spec):
    assert hours(spec, 60.0) == pytest.approx(30 * 2 * 60 / 2 / 3600)


def test_hours_hold_the_scores_on_inherited_weights(spec):
    search = spec.search.model_copy(update={"inherit": True, "inherit_epochs": 3})
    scored = spec.model_copy(update={"search": search})
    assert hours(scored, 60.0) == pytest.approx(30 * (2 + 3) * 60 / 2 / 3600)


def test_epoch_is_timed_on_a_few_batches_and_threads_are_given_back(spec):
    data = load(spec.data_value())
    before = torch.get_num_threads()
    (architecture,) = spec.search_space().enumerate()
    seconds = epoch_seconds(spec, data, architecture, torch.device("cpu"))
    assert 0 < seconds < 60
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "2 seconds"), (40 / 3600, "40 seconds"), (0.5, "30 minutes"), (2.5, "2.5 hours")],
)
def test_duration_in_words(value, words):
    assert duration(value) == words


@pytest.mark.parametrize(
    ("budget", "found"),
    [
        ({}, None),
        ({"gpu_hours": 1}, None),
        ({"epochs": 10}, ("epochs", 5)),
        ({"wall_clock": "10m"}, ("wall_clock", 10)),
        ({"cpu_hours": "10m"}, ("cpu_hours", 5)),
        ({"cpu_hours": "10m", "epochs": 4}, ("epochs", 2)),
    ],
)
def test_a_budget_is_enough_for_so_many_trainings(spec, budget, found):
    """A training takes two minutes on one of two workers."""
    limited = JobSpec.model_validate(spec.model_dump() | {"budget": budget})
    assert trainings(limited, 60.0) == (found and pytest.approx(found))
    whole = 30 * 2 / 2 / 60
    assert hours(limited, 60.0) == pytest.approx(whole * (found[1] / 30 if found else 1))


def test_a_budget_of_one_epoch_is_timed_too(spec):
    short = spec.model_copy(update={"recipe": spec.recipe.model_copy(update={"epochs": 1})})
    (architecture,) = short.search_space().enumerate()
    assert epoch_seconds(short, load(short.data_value()), architecture, torch.device("cpu")) > 0

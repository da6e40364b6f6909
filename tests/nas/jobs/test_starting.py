"""Job files to start from are right as they stand."""

import pytest

from nas.jobs.starting import job_file, job_file_of, ready_job_file
from nas.remote import document_of, spec_of
from nas.settings import Settings
from search_spaces.ready import ready_names, ready_question

SETTINGS = Settings(data={"few": {"name": "fashion_mnist", "root": "/data", "fraction": 0.5}})


def read(text, *overrides):
    return spec_of(document_of(text, overrides, SETTINGS), SETTINGS)


@pytest.mark.parametrize("space", ready_names())
def test_every_ready_space_has_a_job_file_that_tells_its_question(space):
    text = ready_job_file(space)
    assert text.startswith(f"# {ready_question(space)}\n")
    assert read(text).space == space


PLAIN = "{backbone: {name: cifar_resnet, depth: 8, width: 8}, attention: {}}"
OWN = f"search.baselines={{own: {{plain: {PLAIN}}}}}"


@pytest.mark.parametrize("overrides", [(), ("data.name=few", OWN), ("budget.wall_clock=2h",)])
def test_a_jobs_file_asks_for_the_same_job_and_tells_nothing_of_the_machine(overrides):
    spec = read(job_file("first"), *overrides)
    text = job_file_of(spec.model_dump(mode="json"), SETTINGS, "second")
    assert read(text) == spec.model_copy(update={"name": "second"})
    assert "/data" not in text
    assert "none: null" in text  # a type, not a value that was left out


def test_a_recorded_spec_of_few_keys_is_enough():
    assert "name: again" in job_file_of({"name": "x", "space": "channel"}, SETTINGS, "again")

import json

import pytest

from search_spaces.catalogue import CATALOGUE
from search_spaces.ready import ready_names


def test_lists_types_backbones_and_ready_spaces(nas):
    text = nas("spaces").stdout
    for name in (*CATALOGUE, *ready_names(), "resnet18"):
        assert name in text


def test_axes_that_others_bring_about_are_counted_and_the_rest_named(nas):
    rows = {line.split()[0]: line for line in nas("spaces").stdout.splitlines() if line.strip()}
    assert "composition (serial_cs), residual (false), 7 more by choice " in rows["gate"]
    assert "subsample (1), 1 more by choice " in rows["non_local"]
    assert "more by choice" not in rows["se"]


def test_json_has_axes_positions_and_papers(nas):
    data = json.loads(nas("spaces", "-o", "json").stdout)
    assert set(data["types"]) == set(CATALOGUE)
    scale = next(a for a in data["types"]["non_local"]["axes"] if a["name"] == "scale")
    assert scale["when"]["axis"] == "mode"
    assert all(space["size"] > 1 and space["question"] for space in data["spaces"].values())


def test_a_space_without_show_is_told_the_command(nas):
    result = nas("spaces", "everything")
    assert result.exit_code == 2
    assert "no command 'everything' (did you mean 'show everything'?)" in result.stderr
    assert "(did you mean 'show'?)" in nas("spaces", "shwo").stderr


@pytest.mark.parametrize("name", ready_names())
def test_every_ready_space_can_be_drawn(nas, name):
    result = nas("spaces", "show", name)
    assert result.exit_code == 0
    assert "stage1" in result.stdout


def test_input_size_adds_the_cost_range(nas):
    result = nas("spaces", "show", "cifar_small", "--input", "3x32x32", "--classes", 100)
    assert "For 3x32x32, 100 classes" in result.stdout


def test_job_file_is_drawn_with_the_costs_of_its_data(nas, job):
    data = json.loads(nas("spaces", "show", job, "-o", "json").stdout)
    assert data["size"] == 54
    assert data["cost_range"]["parameters"][0] > 0


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("cifar_smal",), 102, "did you mean 'cifar_small'?"),
        (("cifar_small", "--input", "32x32"), 2, "must be CxHxW"),
        (("cifar_small", "--input", "3x0x4"), 2, "must be CxHxW"),
    ],
)
def test_bad_input(nas, arguments, status, message):
    result = nas("spaces", "show", *arguments)
    assert result.exit_code == status
    assert message in result.stderr

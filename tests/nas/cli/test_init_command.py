import pytest

from nas.job_file.reading import load
from workers.datasets import DATASETS


def test_written_file_is_valid_as_it_is(nas, here):
    result = nas("init")
    assert result.exit_code == 0
    assert result.stdout == "wrote job.yaml\n"
    assert "nas validate job.yaml" in result.stderr
    assert load(here / "job.yaml").name == "job"
    assert nas("validate", "job.yaml").exit_code == 0


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_data_set_gives_a_valid_file(nas, here, dataset):
    assert nas("init", "a.yaml", "--dataset", dataset, "--root", "images").exit_code == 0
    spec = load(here / "a.yaml")
    assert spec.data.name == dataset
    assert spec.data.root == (str(here / "images") if DATASETS[dataset].needs_root else "")


def test_existing_file_is_kept_unless_forced(nas, here):
    (here / "job.yaml").write_text("mine")
    result = nas("init")
    assert result.exit_code == 2
    assert "job.yaml exists; --force overwrites it" in result.stderr
    assert (here / "job.yaml").read_text() == "mine"
    assert nas("init", "--force").exit_code == 0
    assert load(here / "job.yaml").search.trials > 0


def test_name_comes_from_the_file_or_the_option(nas, here):
    nas("init", "My Search.yaml")
    assert load(here / "My Search.yaml").name == "my-search"
    nas("init", "b.yaml", "--name", "fashion")
    assert load(here / "b.yaml").name == "fashion"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--dataset", "cifar"), "did you mean 'cifar10'?"),
        (("--name", "A B"), "is not a job name (for example 'a-b')"),
        (("missing/job.yaml",), "can't be written"),
    ],
)
def test_bad_input_writes_nothing(nas, here, arguments, message):
    result = nas("init", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert list(here.iterdir()) == []

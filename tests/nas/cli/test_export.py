import json

import pytest

from nas.cli.export import export
from nas.home import Home
from tests.nas.export.recorded import SPEC, Recorded, train
from workers.data import load


@pytest.fixture(scope="session")
def digits():
    return load(SPEC.data_value())


@pytest.fixture(scope="session")
def trained(tmp_path_factory, digits):
    return train(tmp_path_factory.mktemp("trained") / "0001.pt", digits)


@pytest.fixture
def recorded(here, digits, trained):
    """A job in the store of the current folder's home."""
    home = Home.here()
    made = Recorded(home.create(), digits, trained)
    yield made
    made.store.close()


def test_exports_the_pick_and_says_where_and_what(nas, here, recorded):
    recorded.add(forward_flops=100, accuracy=0.5)
    recorded.add(forward_flops=200, accuracy=0.9)
    result = nas("export", "small", "--pick", "accurate", "--to", "out")
    assert result.exit_code == 0, result.output
    assert "exported trial 1 of job small: validation accuracy 90.00 %" in result.stdout
    assert f"{here / 'out' / 'model.py'}" in result.stdout
    assert "next: read" in result.stderr
    assert (here / "out" / "README.md").is_file()


def test_a_program_gets_json_and_a_folder_in_the_home(nas, here, recorded):
    recorded.add()
    result = nas("export", "small", "-o", "json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["folder"] == str(here / ".nas" / "exports" / "small-trial-0")
    assert {"model.py", "model.pt", "model.safetensors", "README.md"} <= set(answer["files"])
    assert answer["architecture"]["attention"] == {"stage1.pre_add": {"type": "se", "ratio": 4}}
    assert (answer["job"], answer["trial"], answer["parameters"]) == ("small", 0, 19886)


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["smal"], 102, "no job 'smal' (did you mean 'small'?)"),
        (["small"], 2, "has no finished trial"),
        (["small", "--trial", "0"], 2, "has no finished trial"),
        (["small", "--trial", "7"], 2, "has no finished trial"),
        (["small", "--trial", "0", "--pick", "cheap"], 2, "--trial and --pick both say"),
        (["small", "--pick", "best"], 2, "'best' is not one of"),
        (["small", "--trial", "-1"], 2, "-1 is not in the range"),
    ],
)
def test_refuses_without_writing_anything(nas, here, recorded, arguments, status, says):
    recorded.add("pruned")
    result = nas("export", *arguments, "--to", "out")
    assert result.exit_code == status
    assert says in result.stderr and not result.stdout
    assert "Traceback" not in result.output
    assert [path.name for path in here.iterdir()] == [".nas"]


def test_refuses_a_trial_that_is_not_there_or_a_folder_in_use(nas, here, recorded):
    recorded.add()
    assert nas("export", "small", "--trial", "7", "--to", "out").exit_code == 102
    (here / "thesis").mkdir()
    (here / "thesis" / "thesis.tex").touch()
    result = nas("export", "small", "--to", "thesis", "--force")
    assert result.exit_code == 2 and "'thesis.tex', which is no part" in result.stderr
    assert [path.name for path in (here / "thesis").iterdir()] == ["thesis.tex"]


def test_without_a_store_there_is_no_job_and_none_is_made(nas, here):
    result = nas("export", "small", "--to", "out", "-o", "json")
    assert result.exit_code == 102
    assert json.loads(result.stderr)["error"]["kind"] == "not_found"
    assert list(here.iterdir()) == []


def test_the_command_has_a_help(nas):
    assert "--pick" in nas("export", "--help").stdout
    assert export.name == "export"


def test_an_export_is_registered_with_the_alias_of_its_pick(nas, here, recorded):
    recorded.add(accuracy=0.9)
    result = nas("export", "small", "--register")
    assert result.exit_code == 0, result.output
    assert "registered in MLflow as version 1 of small: models:/small@pareto-knee" in result.stdout
    assert not (here / "mlflow.db").exists()  # MLflow's own default


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [("a/b", 2, "'a/b' is no name for a registered model"), ("fine", 3, "connection refused")],
)
def test_what_cant_be_registered_is_not_exported(
    nas, here, recorded, monkeypatch, name, status, says
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    recorded.add()
    result = nas("export", "small", "--to", "out", "--register", name)
    assert result.exit_code == status, result.output
    assert says in result.stderr
    assert "Traceback" not in result.output
    assert not (here / "out").exists()

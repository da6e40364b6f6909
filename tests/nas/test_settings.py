"""Settings of the service: read, refused by line, and what they do to job files."""

import pytest

from nas.errors import JobFileError, SettingsError
from nas.home import Home
from nas.job_file.reading import Document, parse
from nas.jobs.recording import record
from nas.settings import Settings
from tests.nas.search.conftest import job_spec

NAMED = """\
data:
  fashion: {name: fashion_mnist, root: /data, fraction: 0.5}
  pets: {name: image_folder, root: images/pets, image_size: 32}
"""
JOB = "name: a\nspace: cifar_small\nsearch: {trials: 3}\n"


def settings_in(tmp_path, text):
    (tmp_path / "settings.yaml").write_text(text)
    return Settings.here(Home(tmp_path), {})


def test_without_a_file_everything_has_its_default(tmp_path):
    found = Settings.here(Home(tmp_path), {})
    assert found == Settings()
    assert not found.allow_plugins
    assert found.named_data() == {}


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "data:\n"])
def test_an_empty_file_is_no_file(tmp_path, text):
    assert settings_in(tmp_path, text) == Settings()


def test_a_named_file_must_be_there(tmp_path):
    with pytest.raises(SettingsError, match="NAS_SETTINGS"):
        Settings.here(Home(tmp_path), {"NAS_SETTINGS": str(tmp_path / "none.yaml")})


def test_what_is_wrong_is_told_by_line_with_the_nearest_key(tmp_path):
    text = "allow_plugin: yes\ndata:\n  x: {name: mnits}\n  y: {name: digits, fractoin: 0.5}\n"
    with pytest.raises(SettingsError) as raised:
        settings_in(tmp_path, text)
    told = str(raised.value)
    assert "3 problems in the settings" in told
    assert "settings.yaml:1:1" in told and "allow_plugins" in told
    assert "settings.yaml:4:" in told and "'fraction'" in told
    assert "settings.yaml:3:13" in told and "mnist" in told


def test_relative_folders_are_meant_from_the_file(tmp_path):
    named = settings_in(tmp_path, NAMED).named_data()
    assert named["pets"]["root"] == str(tmp_path / "images/pets")
    assert named["fashion"]["root"] == "/data"


def test_a_job_file_names_data_of_the_settings_and_may_change_how_they_are_split(tmp_path):
    named = settings_in(tmp_path, NAMED).named_data()
    text = f"{JOB}data: {{name: fashion, validation: 0.3}}\n"
    data = parse(text, named=named).data
    assert (data.name, data.root, data.fraction) == ("fashion_mnist", "/data", 0.5)
    assert data.validation == 0.3


def test_a_spec_that_was_resolved_stays_what_it_is(tmp_path):
    named = {"fashion_mnist": {"name": "fashion_mnist", "root": "/elsewhere"}}
    text = f"{JOB}data: {{name: fashion_mnist, root: /data}}\n"
    assert parse(text, named=named).data.root == "/data"


def test_an_unknown_name_is_told_with_the_nearest_of_both_kinds(tmp_path):
    named = settings_in(tmp_path, NAMED).named_data()
    with pytest.raises(JobFileError) as raised:
        parse(f"{JOB}data: {{name: fashon}}\n", named=named)
    (problem,) = raised.value.problems
    assert (problem.line, problem.path) == (4, "data.name")
    assert "fashion" in problem.message and "digits" in problem.message


def test_a_place_of_checkpoints_is_understood_and_meant_from_the_file(tmp_path):
    assert settings_in(tmp_path, "checkpoints: s3://bucket/nas/").checkpoints == "s3://bucket/nas"
    assert settings_in(tmp_path, "checkpoints: kept").checkpoints == str(tmp_path / "kept")
    with pytest.raises(SettingsError, match=r"settings\.yaml:1:.*unknown scheme 's5'"):
        settings_in(tmp_path, "checkpoints: s5://bucket")


@pytest.mark.parametrize(("own", "used"), [({}, "of-all"), ({"place": "/mine"}, "/mine")])
def test_a_job_without_a_place_gets_that_of_the_settings(tmp_path, monkeypatch, own, used):
    monkeypatch.delenv("NAS_SETTINGS", raising=False)
    settings_in(tmp_path, f"checkpoints: {tmp_path}/of-all")
    spec = job_spec(**{"checkpoints": own, "search.trials": 3})
    where = Document.read("name: a", "job.yaml").place
    store, job = record(Home(tmp_path), spec, where, lambda line: None, owner="")
    store.close()
    assert job.details["checkpoints"].rpartition("/")[0] == str(tmp_path / used)

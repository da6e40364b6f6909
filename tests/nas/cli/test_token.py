"""``nas token``, ``nas owner``, ``nas data``: the administrator's commands."""

import json

import pytest

from nas.store.store import Store


@pytest.fixture
def opened(here):
    found = Store(f"sqlite:///{here}/.nas/store.db")
    yield found
    found.close()


def test_a_token_is_shown_once_and_only_its_hash_is_kept(nas, here, opened):
    made = json.loads(nas("token", "create", "ann", "--days", "2", "-o", "json").stdout)
    assert made["role"] == "submitter"
    assert made["expires"] > made["created"]
    checked = opened.tokens.check(made["token"])
    assert (checked.name, checked.owner) == ("ann", "ann")
    secret = made["token"].rpartition("_")[2]
    assert secret not in nas("token", "list", "-o", "json").stdout
    for file in (here / ".nas").iterdir():
        assert secret.encode() not in file.read_bytes()


def test_the_text_alone_goes_to_stdout(nas, opened):
    answer = nas("token", "create", "robot", "--role", "viewer", "--owner", "team")
    assert opened.tokens.check(answer.stdout.strip()).owner == "team"
    assert "shown this once" in answer.stderr


def test_a_revoked_token_is_listed_and_useless(nas, opened):
    text = nas("token", "create", "ann").stdout.strip()
    assert nas("token", "revoke", "ann").exit_code == 0
    assert opened.tokens.check(text) is None
    (listed,) = json.loads(nas("token", "list", "-o", "json").stdout)
    assert listed["revoked"]


def test_an_unknown_token_is_refused_with_the_nearest(nas):
    assert nas("token", "revoke", "ann").exit_code == 102
    nas("token", "create", "anna")
    assert "did you mean 'anna'?" in nas("token", "revoke", "ann").stderr


def test_looking_creates_nothing(nas, here):
    for command in (("token", "list"), ("owner", "list"), ("data", "list")):
        assert nas(*command).exit_code == 0
    assert not (here / ".nas").exists()


def test_limits_of_an_owner_are_set_and_listed(nas):
    assert "2 jobs at once" in nas("owner", "set", "ann", "--running", "2").stdout
    assert json.loads(nas("owner", "list", "-o", "json").stdout) == [
        {"name": "ann", "max_running": 2, "gpu_hours": None}
    ]


def test_data_are_listed_by_the_names_of_the_settings(nas, here, job):
    (here / ".nas").mkdir()
    (here / ".nas" / "settings.yaml").write_text("data: {few: {name: digits, fraction: 0.5}}\n")
    listed = json.loads(nas("data", "list", "-o", "json").stdout)
    assert listed == [
        {"name": "few", "kind": "digits", "keys": {"fraction": 0.5}},
        {"name": "digits", "kind": "digits", "keys": {}},
    ]
    answer = json.loads(nas("validate", job, "--set", "data.name=few", "-o", "json").stdout)
    assert answer["spec"]["data"]["fraction"] == 0.5


def test_wrong_settings_are_told_and_nothing_is_run(nas, here, job):
    (here / ".nas").mkdir()
    (here / ".nas" / "settings.yaml").write_text("dat: 3\n")
    answer = nas("validate", job)
    assert answer.exit_code == 2
    assert "a problem in the settings" in answer.stderr

import sys

import pytest

from nas.export.fresh import BLOCKED, OURS, Blocker, blocked_for, exported, loaded


@pytest.mark.parametrize("name", ["nas", "search_spaces.build", "numpy", "optuna.samplers"])
def test_blocks_what_an_exported_model_must_not_need(name):
    with pytest.raises(ModuleNotFoundError, match=f"{name} is not there for an exported model"):
        Blocker().find_spec(name)


def test_lets_everything_else_pass():
    assert Blocker().find_spec("torch.nn") is None
    assert Blocker().find_spec("naseous") is None
    assert {"nas", "workers", "search_spaces", "dashboard"} <= BLOCKED


def test_what_a_model_needs_is_not_blocked():
    assert blocked_for(["torch"]) == BLOCKED
    assert BLOCKED - blocked_for(["torch", "torchvision"]) == {"torchvision", "numpy"}
    assert blocked_for(["torch", "mine"]) == set(OURS)


def test_a_folder_gives_its_model_from_both_files_of_weights(exported_folder):
    found = [model for _, model in loaded(exported_folder)]
    assert len(found) == 2
    assert not any(model.training for model in found)
    assert {type(model).__module__ for model in found} == {"model"}


def test_without_safetensors_the_plain_file_is_enough(exported_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    assert len(list(loaded(exported_folder))) == 1


def test_models_of_several_folders_are_kept_apart(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.py").write_text(f"NAME = {name!r}\n")
    assert [exported(tmp_path / name).NAME for name in "ab"] == ["a", "b"]


@pytest.fixture
def exported_folder(request, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return request.getfixturevalue("exported").folder

import sys

import pytest
import torch

from search_spaces.architecture import TaskShape
from search_spaces.backbones.factories import make_own
from search_spaces.errors import SpaceError

TOYS = "tests.search_spaces.toy_backbones"
SHAPE = TaskShape(1, 16, 16, 3)


@pytest.mark.parametrize(
    ("name", "axes"),
    [("factory", {"width": 6}), ("factory", {}), ("untold", {}), ("Plain", {})],
)
def test_a_factory_fits_the_images_and_classes(name, axes):
    model = make_own(f"{TOYS}:{name}", axes, SHAPE)
    assert model(torch.zeros(2, 1, 16, 16)).shape == (2, 3)


def test_axes_are_keywords():
    assert make_own(f"{TOYS}:factory", {"width": 6}, SHAPE)[0].out_channels == 6


def test_what_the_job_says_of_classes_holds():
    model = make_own(f"{TOYS}:factory", {"num_classes": 9}, SHAPE)
    assert model(torch.zeros(2, 1, 16, 16)).shape == (2, 9)


def test_a_file_in_the_current_folder_is_found(tmp_path, monkeypatch):
    layers = "nn.Conv2d(3, 2, 1), nn.Flatten(), nn.Linear(512, 4)"
    source = f"from torch import nn\ndef tiny():\n    return nn.Sequential({layers})\n"
    (tmp_path / "my_backbone_for_a_test.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    model = make_own("my_backbone_for_a_test:tiny", {}, SHAPE)
    assert model(torch.zeros(1, 1, 16, 16)).shape == (1, 3)


@pytest.mark.parametrize(
    ("name", "axes", "says"),
    [
        ("no_such_module_here:f", {}, "can't be imported: No module named"),
        (f"{TOYS}:factry", {}, "did you mean 'factory'?"),
        (f"{TOYS}:factory", {"deep": 3}, "unexpected keyword argument 'deep'"),
        ("builtins:dict", {}, "gives a dict, not a module"),
        (f"{TOYS}:broken", {}, "raised KeyError: 'depth' (toy_backbones.py, line "),
        (f"{TOYS}:leaves", {}, "raised SystemExit: 3 (toy_backbones.py, line "),
        (f"{TOYS}:factory", {"width": "4"}, "raised TypeError"),
    ],
)
def test_refusals_name_the_factory(name, axes, says):
    with pytest.raises(SpaceError) as caught:
        make_own(name, axes, SHAPE)
    assert says in str(caught.value)
    assert name.partition(":")[0] in str(caught.value)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("x = 1 / 0\n", "ZeroDivisionError: division by zero (broken_for_a_test.py, line 1)"),
        ("def net(:\n", "SyntaxError: "),
        ("raise SystemExit\n", "SystemExit (broken_for_a_test.py, line 1)"),
    ],
)
def test_a_file_that_fails_when_imported_is_refused(source, says, tmp_path, monkeypatch):
    (tmp_path / "broken_for_a_test.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    with pytest.raises(SpaceError) as caught:
        make_own("broken_for_a_test:net", {}, SHAPE)
    assert f"backbone 'broken_for_a_test:net' can't be imported: {says}" in str(caught.value)

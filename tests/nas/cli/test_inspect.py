import json

import pytest

from nas.errors import Exit


def test_stages_positions_and_costs_are_printed(nas):
    answer = nas("inspect", "mobilenet_v3_small", "--input", "3x64x64")
    assert "stage4  3 InvertedResidual  features.9" in answer.stdout
    assert "stage2.pre_add" in answer.stdout
    assert "2,542,856" in answer.stdout
    assert "features.4.block.0" not in answer.stdout


def test_modules_are_listed_on_request(nas):
    answer = nas("inspect", "mobilenet_v3_small", "--input", "3x64x64", "--modules")
    assert "features.4.block.0" in answer.stdout


def test_json_holds_parts_positions_and_modules(nas):
    data = json.loads(nas("inspect", "cifar_resnet", "--input", "1x32x32", "-o", "json").stdout)
    assert [part["name"] for part in data["parts"]] == [
        "stem",
        "stage1",
        "stage2",
        "stage3",
        "head",
    ]
    assert sum(part["parameters"] for part in data["parts"]) == data["parameters"]
    assert data["positions"]["stage2.pre_add"] == [[32, 16, 16]] * 3
    assert data["modules"]["layer1.0"] == [16, 32, 32]


def test_a_users_function_is_inspected(nas, here):
    layers = "nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 8, 3)"
    layers += ", nn.AdaptiveAvgPool2d(1), nn.Flatten()"
    source = f"from torch import nn\ndef net():\n    return nn.Sequential({layers})\n"
    (here / "inspected_by_a_test.py").write_text(source)
    answer = nas("inspect", "inspected_by_a_test:net", "--input", "3x16x16", "--classes", "8")
    assert "stage2.stage_end" in answer.stdout
    assert "8x5x5" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("mobilnet_v2",), Exit.NOT_FOUND, "did you mean 'mobilenet_v2'?"),
        (("mine.nets",), Exit.NOT_FOUND, "'mine.nets'; a backbone of your own is package.module:"),
        (("nowhere.at_all:net",), Exit.USAGE, "can't be imported"),
        (("vgg11", "--input", "3x4x4"), Exit.USAGE, "takes no 3x4x4 images"),
        (("vgg11", "--input", "3x4"), Exit.USAGE, "CxHxW"),
    ],
)
def test_refusals_are_one_line(nas, arguments, status, says):
    answer = nas("inspect", *arguments)
    assert answer.exit_code == status
    assert says in answer.stderr
    assert "Traceback" not in answer.stderr

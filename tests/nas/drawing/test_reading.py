import json

import pytest

from nas.drawing.reading import default_shape, read_architecture
from nas.errors import UsageProblem
from search_spaces.architecture import Architecture, Choice
from tests.nas.drawing.examples import everywhere

GOOD = everywhere().to_dict()


def test_reads_a_file_and_an_export_s_folder(tmp_path):
    (tmp_path / "architecture.json").write_text(everywhere().to_json())
    assert read_architecture(tmp_path) == everywhere()
    assert read_architecture(tmp_path / "architecture.json") == everywhere()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "must be a mapping, not list"),
        ("{}", "'format' must be a number, and is missing"),
        (json.dumps(GOOD | {"format": 99}), "format 99 is unknown"),
        (json.dumps(GOOD | {"backbone": "resnet50"}), "'backbone' must be a mapping"),
        (json.dumps(GOOD | {"backbone": {}}), "must be a mapping with a 'name'"),
        (json.dumps(GOOD | {"start": "cold"}), "start is 'cold'"),
        (json.dumps(GOOD | {"attention": {"stage1": {"type": "se"}}}), "'stage1' is not of the"),
        (json.dumps(GOOD | {"attention": {"stage1.pre_add": "se"}}), "at stage1.pre_add must be"),
        (
            json.dumps(GOOD | {"attention": {"stage1.pre_add": {"type": "se", "ratio": [4]}}}),
            "ratio is .4.; it must be one value",
        ),
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path, content, says):
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(UsageProblem, match=says) as raised:
        read_architecture(path)
    assert "bad.json" in str(raised.value)


def test_says_what_is_missing(tmp_path):
    with pytest.raises(UsageProblem, match="does not exist"):
        read_architecture(tmp_path / "no.json")
    with pytest.raises(UsageProblem, match="holds no architecture"):
        read_architecture(tmp_path)
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageProblem, match="is not JSON"):
        read_architecture(tmp_path / "bytes.json")


def test_default_images_are_those_that_the_backbone_was_made_for():
    def side(name, **axes):
        return default_shape(Architecture.of(Choice.of(name, axes))).height

    assert [side("cifar_resnet"), side("resnet50"), side("resnet18", stem="cifar")] == [32, 224, 32]

import json
import subprocess
import sys

import pytest

from nas.drawing.measured import subject_of
from nas.drawing.page import draw
from nas.drawing.subject import Subject
from search_spaces.architecture import Architecture, Choice
from tests.nas.drawing.examples import IMAGE, PHOTO, attentive, everywhere, plain

DRAWN_WITHOUT_TORCH = """
import json, sys
from nas.drawing.page import draw
from nas.drawing.subject import Subject
print(draw(Subject.from_dict(json.load(sys.stdin))), end="")
assert "torch" not in sys.modules
"""


@pytest.mark.parametrize("architecture", [plain(), attentive(), everywhere()])
def test_a_subject_comes_back_from_json_as_it_was_drawn(architecture):
    subject = subject_of(architecture, IMAGE)
    back = Subject.from_dict(json.loads(json.dumps(subject.to_dict())))
    assert back.to_dict() == subject.to_dict()
    assert draw(back) == draw(subject)


def test_of_a_traced_backbone_too():
    subject = subject_of(Architecture.of(Choice.of("mobilenet_v3_small")), PHOTO)
    assert draw(Subject.from_dict(subject.to_dict())) == draw(subject)


def test_what_was_measured_is_drawn_without_torch():
    subject = subject_of(attentive(), IMAGE)
    drawn = subprocess.run(
        [sys.executable, "-c", DRAWN_WITHOUT_TORCH],
        input=json.dumps(subject.to_dict()),
        capture_output=True,
        text=True,
        check=True,
    )
    assert drawn.stdout == draw(subject)

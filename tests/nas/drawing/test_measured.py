import pytest

from nas.drawing.measured import subject_of
from nas.errors import UsageProblem
from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.build import build
from search_spaces.cost import cost_of, measure
from tests.nas.drawing.examples import IMAGE, PHOTO, attentive, everywhere, plain


def test_costs_of_backbone_and_attention_add_up_to_what_the_built_model_has():
    subject = subject_of(everywhere(), IMAGE)
    whole = measure(build(everywhere(), IMAGE), IMAGE)
    assert subject.total == whole
    parts = subject.backbone
    for placed in subject.placed:
        parts += placed.cost
    assert parts == whole
    assert subject.attention == whole - cost_of(plain(), IMAGE)


def test_stages_have_the_sizes_of_their_output():
    subject = subject_of(plain(), IMAGE)
    sizes = [(s.name, s.channels, s.height, s.width, s.blocks) for s in subject.stages]
    assert sizes == [("stage1", 8, 32, 32, 1), ("stage2", 16, 16, 16, 1), ("stage3", 32, 8, 8, 1)]
    assert not subject.stages[0].widens
    photo = subject_of(Architecture.of(Choice.of("resnet50")), PHOTO)
    assert [stage.blocks for stage in photo.stages] == [3, 4, 6, 3]
    assert all(stage.widens for stage in photo.stages)


def test_choices_are_completed_and_counted():
    subject = subject_of(attentive(), IMAGE)
    placed = subject.at("stage2", "pre_add")
    assert placed is not None and placed.choice == Choice.of("se", {"ratio": 16})
    assert (placed.family, placed.modules) == ("gate", 1)
    assert subject.at("stage2", "post_add") is None
    assert subject.to_dict()["attention"][0]["placement"] == "stage2.pre_add"


@pytest.mark.parametrize(
    ("backbone", "place", "choice", "says"),
    [
        ("resnet51", "stage1.pre_add", "se", "unknown backbone 'resnet51'"),
        ("resnet50", "stage9.pre_add", "se", "unknown placement 'stage9.pre_add'"),
        ("resnet50", "stage1.pre_add", "sse", "unknown attention type 'sse'"),
        ("resnet50", "stage1.pre_add", "non_local", "can't stand at pre_add"),
        ("cifar_resnet", "stage1.post_add", "non_local", "positions need a map"),
    ],
)
def test_what_cannot_be_built_is_refused_by_name(backbone, place, choice, says):
    architecture = Architecture.of(Choice.of(backbone), {Placement.parse(place): Choice.of(choice)})
    with pytest.raises(UsageProblem, match=says):
        subject_of(architecture, TaskShape(3, 224, 224, 10))

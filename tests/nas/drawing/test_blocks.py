from dataclasses import replace

from nas.drawing.blocks import label_box, stage_box
from nas.drawing.measured import subject_of
from search_spaces.architecture import Architecture, Choice
from tests.nas.drawing.examples import IMAGE, PHOTO, attentive, everywhere, plain
from tests.nas.drawing.geometry import found

XML = '<svg xmlns="http://www.w3.org/2000/svg">{}</svg>'


def texts(piece):
    return [line.text for line in found(XML.format(piece.body), "text")]


def test_attention_stands_at_its_place_in_forward_order():
    subject = subject_of(everywhere(), IMAGE)
    drawn = texts(stage_box(subject, subject.stages[0]))
    order = ["3×3 convolution", "after_3x3", "pre_add", "post_add"]
    assert [drawn.index(word) for word in order] == sorted(drawn.index(word) for word in order)
    assert drawn[:3] == ["stage1", "8 channels, 32×32", "1 block:"]
    assert "shortcut" in drawn and "stage_end" not in drawn


def test_the_shortcut_s_card_stands_beside_the_branch():
    subject = subject_of(everywhere(), IMAGE)
    lines = found(XML.format(stage_box(subject, subject.stages[0]).body), "text")
    where = {line.text: line for line in lines}
    assert where["shortcut"].right < where["pre_add"].left


def test_blocks_are_those_of_the_backbone():
    basic = subject_of(plain(), IMAGE)
    assert texts(stage_box(basic, basic.stages[0]))[3:] == ["3×3 convolution"] * 2
    deep = subject_of(Architecture.of(Choice.of("resnet50")), PHOTO)
    drawn = texts(stage_box(deep, deep.stages[1]))
    assert drawn[2:] == ["4 blocks, each:", "1×1 convolution", "3×3 convolution", "1×1 convolution"]


def test_a_backbone_without_a_residual_sum_has_none():
    subject = subject_of(plain(), IMAGE)
    stage = replace(subject.stages[0], positions=(), known=False)
    piece = stage_box(subject, stage)
    assert texts(piece)[3:] == ["convolutions"] and "circle" not in piece.body


def test_of_a_foreign_backbone_only_the_places_are_told():
    subject = subject_of(attentive(), IMAGE)
    stage = replace(subject.stages[1], positions=("after_3x3", "pre_add"), known=False)
    drawn = texts(stage_box(subject, stage))
    assert drawn[2:6] == ["places in 1 block:", "to the spatial convolution", "the rest", "se"]


def test_a_label_s_box_holds_its_lines():
    piece = label_box(["a long first line", "short"])
    svg = XML.format(piece.body)
    assert all(found(svg, "rect")[0].holds(line) for line in found(svg, "text"))

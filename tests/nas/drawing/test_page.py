from xml.etree import ElementTree

import pytest

from nas.drawing.measured import subject_of
from nas.drawing.page import described, draw
from search_spaces.architecture import Architecture, Choice
from tests.nas.drawing.examples import IMAGE, PHOTO, attentive, everywhere, plain
from tests.nas.drawing.geometry import found

DRAWN = {
    "plain": (plain(), IMAGE),
    "attentive": (attentive(), IMAGE),
    "everywhere": (everywhere(), IMAGE),
    "deep": (Architecture.of(Choice.of("resnet50")), PHOTO),
}


@pytest.fixture(params=DRAWN)
def svg(request):
    return draw(subject_of(*DRAWN[request.param]))


def test_everything_is_on_the_page_and_no_texts_meet(svg):
    paper, *boxes = found(svg, "rect")
    texts = found(svg, "text")
    assert all(paper.holds(item) for item in [*boxes, *texts])
    assert [(a, b) for i, a in enumerate(texts) for b in texts[i + 1 :] if a.meets(b)] == []


def test_every_text_inside_a_box_stays_inside(svg):
    for box in found(svg, "rect"):
        for text in found(svg, "text"):
            if box.meets(text):
                assert box.holds(text), text.text


def test_equal_architectures_give_equal_bytes():
    again = Architecture.from_json(everywhere().to_json())
    assert draw(subject_of(everywhere(), IMAGE)) == draw(subject_of(again, IMAGE))


def test_totals_and_headings_are_exact():
    subject = subject_of(attentive(), IMAGE)
    texts = [line.text for line in found(draw(subject), "text")]
    assert texts[0] == "cifar_resnet: depth 8, stem_stride 1, width 8"
    assert texts[1] == "images 3×32×32, 10 classes, identity start"
    assert f"{subject.total.parameters:,}" in texts and f"{subject.total.forward_flops:,}" in texts
    assert "+148" in texts and "gate: multiplies its input" in texts
    none = [line.text for line in found(draw(subject_of(plain(), IMAGE)), "text")]
    assert none.count("none") == 2 and not any("multiplies its" in text for text in none)


def test_a_screen_reader_gets_it_in_words():
    subject = subject_of(attentive(), IMAGE)
    root = ElementTree.fromstring(draw(subject))
    told = root.find("{http://www.w3.org/2000/svg}desc").text
    assert told == described(subject)
    assert "stage2: 16 channels at 16×16 in 1 block" in told
    assert "se(ratio=16) at stage2.pre_add" in told
    assert "No attention" in described(subject_of(plain(), IMAGE))

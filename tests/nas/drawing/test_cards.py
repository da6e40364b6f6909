from nas.drawing.cards import COLOURS, WIDTH, card, spoken
from nas.drawing.measured import subject_of
from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.catalogue import CATALOGUE, complete
from tests.nas.drawing.examples import IMAGE, attentive
from tests.nas.drawing.geometry import found

XML = '<svg xmlns="http://www.w3.org/2000/svg">{}</svg>'


def placed_of(name):
    """A type where its paper puts it, on a network that every type suits."""
    position = CATALOGUE[name].default_position
    stage = {"stem_end": "stem", "backbone_end": "backbone"}.get(position, "stage3")
    backbone = Choice.of("cifar_resnet", {"depth": 8, "width": 64})
    architecture = Architecture.of(backbone, {Placement(stage, position): complete(name, {})})
    return subject_of(architecture, TaskShape(3, 32, 32, 10))


def test_no_text_of_any_type_leaves_its_card_or_meets_another():
    for name in CATALOGUE:
        subject = placed_of(name)
        piece = card(subject.placed[0], subject.total)
        svg = XML.format(piece.body)
        frame, texts = found(svg, "rect")[0], found(svg, "text")
        assert (frame.right, frame.bottom) == (WIDTH, piece.height)
        assert all(frame.holds(line) for line in texts), name
        pairs = [(a, b) for i, a in enumerate(texts) for b in texts[i + 1 :] if a.meets(b)]
        assert pairs == [], name


def test_a_card_names_type_position_axes_and_cost():
    subject = subject_of(attentive(), IMAGE)
    piece = card(subject.placed[0], subject.total)
    texts = [line.text for line in found(XML.format(piece.body), "text")]
    assert texts == [
        "se",
        "pre_add",
        "ratio 16",
        "params",
        "+148",
        "0.7 %",
        "FLOPs",
        "+256",
        "<0.1 %",
    ]
    said = spoken(subject.placed[0], subject.total)
    assert said == "se(ratio=16) at stage2.pre_add, once: +148 params (0.7 %), +256 FLOPs (<0.1 %)"


def test_every_family_has_its_colours():
    assert {kind.family for kind in CATALOGUE.values()} <= set(COLOURS)

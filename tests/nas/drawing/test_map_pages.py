from html.parser import HTMLParser

from nas.drawing.map_pages import index_page, stage_picture, stages_of
from tests.nas.drawing.geometry import found
from tests.nas.drawing.looked import NAMES, context, gate, maps

CHANNELS = {0: (0.5, 1.0), 1: (1.0, 0.5)}


def texts(svg):
    paper, lines = found(svg, "rect")[0], found(svg, "text")
    assert all(paper.holds(line) for line in lines)
    assert not any(a.meets(b) for i, a in enumerate(lines) for b in lines[i + 1 :])
    return [line.text for line in lines]


def test_a_stage_shows_its_own_modules():
    looked = maps(gate(channels=CHANNELS), context())
    assert stages_of(looked) == ["stage1", "stage2"]
    first = texts(stage_picture(looked, "stage1", NAMES))
    assert "block 2, pre_add: cbam(ratio=2)" in first
    assert any(line.startswith("channels, sorted") for line in first)
    second = stage_picture(looked, "stage2", NAMES)
    assert "stage_end: non_local" in texts(second)
    assert second.count("<circle") == 2


def test_a_gate_that_does_nothing_says_so():
    drawn = texts(stage_picture(maps(gate(gate=None)), "stage1", NAMES))
    assert "the gate is one number everywhere: this attention does nothing" in drawn


def test_classes_that_are_left_out_are_counted():
    many = gate(channels=dict.fromkeys(range(13), (0.5, 1.0)))
    drawn = texts(stage_picture(maps(many), "stage1", [f"c{i}" for i in range(13)]))
    assert any("3 further classes are in maps.json" in line for line in drawn)


def test_the_page_shows_every_picture_and_names_what_is_missing():
    looked = maps(gate(), skipped=["layer2.0.attention_replace_3x3"])
    page = index_page(looked, "trial <1>", [("stage1", "stage1.svg")])
    sources = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            sources.extend(value for name, value in attrs if name in ("src", "href"))

    Reader().feed(page)
    assert sources == ["stage1.svg", "maps.json"]
    assert "trial &lt;1&gt;" in page and "layer2.0.attention_replace_3x3" in page
    assert "means over 40 test images" in page

from nas.drawing.map_rows import CHARTS, channel_charts, image_strip, mask_strip
from tests.nas.drawing.geometry import Box, found
from tests.nas.drawing.looked import MASK, NAMES, shown

XML = '<svg xmlns="http://www.w3.org/2000/svg">{}</svg>'


def texts(piece):
    lines = found(XML.format(piece.body), "text")
    paper = Box(0, 0, piece.width, piece.height)
    assert all(paper.holds(line) for line in lines), lines
    assert not any(a.meets(b) for i, a in enumerate(lines) for b in lines[i + 1 :])
    return [line.text for line in lines]


def test_images_tell_their_class_and_a_wrong_answer():
    assert texts(image_strip([shown(), shown(1, 0)], NAMES)) == [
        "daisy",
        "a class with a…",
        "model: daisy",
    ]


def test_a_strip_s_scale_spans_all_its_maps():
    piece = mask_strip([shown(), shown()], (MASK, ((3.0, 3.0), (3.0, 0.25))), "factor")
    assert texts(piece) == ["0.25", "3", "factor"]
    assert piece.body.count("<image") == 5 and "<circle" not in piece.body


def test_the_centre_is_marked_where_it_is():
    piece = mask_strip([shown()], (MASK,), "share", centre=True)
    assert '<circle cx="78" cy="78"' in piece.body


def test_channels_are_sorted_by_their_mean_over_classes():
    piece = channel_charts({0: (3.0, 1.0, None), 1: (1.0, 1.0, None)}, NAMES)
    assert texts(piece) == ["daisy", "3", "1", "a class with a very l…"]
    lines = [part.split('"')[0] for part in piece.body.split('points="')[1:]]
    assert [len(line.split()) for line in lines] == [2, 2, 2, 2]
    mean = [float(point.split(",")[1]) for point in lines[0].split()]
    assert mean[0] > mean[1]


def test_many_classes_and_dead_or_equal_channels_are_drawn():
    classes = range(CHARTS + 5)
    many = channel_charts(dict.fromkeys(classes, (0.5, 0.5)), [f"c{i}" for i in classes])
    assert f"c{CHARTS - 1}" in texts(many) and f"c{CHARTS}" not in texts(many)
    assert texts(channel_charts({0: (None, None)}, NAMES)) == [
        "every channel is zero in these images"
    ]

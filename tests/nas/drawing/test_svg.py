from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from nas.drawing.svg import (
    Piece,
    arrow,
    document,
    down,
    fits,
    path,
    rect,
    stacked,
    text,
    text_width,
    wrap,
)

WORDS = st.lists(st.text("abc_ 1", min_size=1, max_size=60), max_size=8)


@given(WORDS, st.integers(60, 400), st.integers(9, 16))
def test_wrapped_lines_fit_and_lose_nothing(items, width, size):
    lines = wrap(items, width, size)
    assert all(text_width(line, size) <= width for line in lines)
    kept = "".join(lines).replace(",", "").replace(" ", "")
    assert kept == "".join(items).replace(" ", "")


def test_items_share_a_line_while_they_fit():
    assert wrap(["ratio 4", "kernel_size 7", "composition serial_cs"], 180, 11) == [
        "ratio 4, kernel_size 7,",
        "composition serial_cs",
    ]
    assert fits(0, 11) == 1


def test_text_is_escaped_and_a_document_parses():
    body = text("a < b & c", 0, 0) + rect(0, 0, 5, 5, fill="#fff") + path("M0 0") + arrow(0, 0, 9)
    root = ElementTree.fromstring(document(body + down(3, 9), 10, 20, "T & t", "<d>"))
    space = {"s": "http://www.w3.org/2000/svg"}
    assert root.find("s:title", space).text == "T & t"
    assert root.find("s:desc", space).text == "<d>"
    assert root.get("role") == "img" and root.get("viewBox") == "0 0 10 20"
    assert root.find("s:text", space).text == "a < b & c"


def test_pieces_stack_centred():
    piece = stacked([Piece(10, 4, "<a/>"), Piece(20, 6, "<b/>")], gap=2)
    assert (piece.width, piece.height) == (20, 12)
    assert (
        piece.body == '<g transform="translate(5 0)"><a/></g><g transform="translate(0 6)"><b/></g>'
    )
    assert stacked([]).height == 0

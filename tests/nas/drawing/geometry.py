"""Reads a drawing back: where each text and each box ends up on the page."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from nas.drawing.svg import text_width

SPACE = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Box:
    left: int
    top: int
    right: int
    bottom: int
    text: str = ""

    def holds(self, other: "Box") -> bool:
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )

    def meets(self, other: "Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


def found(svg: str, tag: str) -> list[Box]:
    """Every ``text`` or ``rect`` on the page, in the order of drawing."""
    return list(_walk(ElementTree.fromstring(svg), tag, 0, 0))


def _walk(node: ElementTree.Element, tag: str, x: int, y: int) -> Iterator[Box]:
    moved = node.get("transform", "translate(0 0)").removeprefix("translate(").rstrip(")")
    dx, dy = (int(part) for part in moved.split())
    x, y = x + dx, y + dy
    if node.tag == SPACE + tag:
        yield _text(node, x, y) if tag == "text" else _rect(node, x, y)
    for child in node:
        yield from _walk(child, tag, x, y)


def _rect(node: ElementTree.Element, x: int, y: int) -> Box:
    left, top = x + int(node.get("x")), y + int(node.get("y"))
    return Box(left, top, left + int(node.get("width")), top + int(node.get("height")))


def _text(node: ElementTree.Element, x: int, y: int) -> Box:
    size, content = int(node.get("font-size")), node.text or ""
    width = text_width(content, size)
    shift = {"start": 0, "middle": width // 2, "end": width}[node.get("text-anchor", "start")]
    left, base = x + int(node.get("x")) - shift, y + int(node.get("y"))
    return Box(left, base - size, left + width, base + size // 4, content)

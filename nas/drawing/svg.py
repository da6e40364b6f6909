"""Pieces of SVG that know their size. Every number is an integer: equal input, equal bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from xml.sax.saxutils import escape

#: Fixed-width, so that a text's width follows from its length whatever face a viewer has.
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Courier New', monospace"

#: Width of a character over the font size; no face of the list is wider.
ADVANCE = 0.61

INK, SOFT, LINE, PAPER, PANEL = "#1b1b1b", "#555555", "#8a8a8a", "#ffffff", "#f3f4f6"


@dataclass(frozen=True)
class Piece:
    """A drawing whose upper left corner is the origin."""

    width: int
    height: int
    body: str = ""

    def at(self, x: int, y: int) -> str:
        """The drawing moved."""
        return f'<g transform="translate({x} {y})">{self.body}</g>' if x or y else self.body


def text_width(content: str, size: int) -> int:
    """An upper bound of a text's width in pixels."""
    return ceil(len(content) * size * ADVANCE)


def fits(width: int, size: int) -> int:
    """How many characters fit a width; at least one."""
    return max(1, int(width / (size * ADVANCE)))


def wrap(items: Iterable[str], width: int, size: int) -> list[str]:
    """Fill lines with items, parted by commas; an item longer than a line is broken."""
    limit = fits(width, size)
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + 2 + len(item) <= limit - 1:
            lines[-1] += f", {item}"
            continue
        if lines:
            lines[-1] += "," if len(lines[-1]) < limit else ""
        lines += [item[i : i + limit] for i in range(0, len(item), limit)]
    return lines


def text(
    content: str,
    x: int,
    y: int,
    size: int = 12,
    *,
    fill: str = INK,
    bold: bool = False,
    anchor: str = "start",
) -> str:
    """One line; ``y`` is its base line."""
    weight = ' font-weight="700"' if bold else ""
    place = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}"{weight}{place} '
        f'xml:space="preserve">{escape(content)}</text>'
    )


def rect(
    x: int, y: int, width: int, height: int, *, fill: str, stroke: str = "none", radius: int = 6
) -> str:
    """A rectangle with round corners."""
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" '
        f'fill="{fill}" stroke="{stroke}"/>'
    )


def path(d: str, *, stroke: str = LINE, fill: str = "none") -> str:
    """A line two pixels wide."""
    return f'<path d="{d}" fill="{fill}" stroke="{stroke}" stroke-width="2"/>'


def arrow(x: int, y: int, length: int) -> str:
    """An arrow to the right that ends at ``x + length``."""
    end = x + length
    head = f"M{end - 7} {y - 5} L{end} {y} L{end - 7} {y + 5} Z"
    return path(f"M{x} {y} H{end - 6}") + f'<path d="{head}" fill="{LINE}"/>'


def down(x: int, length: int) -> str:
    """An arrow downwards from the upper edge."""
    head = f"M{x - 5} {length - 7} L{x} {length} L{x + 5} {length - 7} Z"
    return path(f"M{x} 0 V{length - 6}") + f'<path d="{head}" fill="{LINE}"/>'


def stacked(pieces: Sequence[Piece], gap: int = 0) -> Piece:
    """Pieces from top to bottom, centred."""
    width = max((piece.width for piece in pieces), default=0)
    parts, y = [], 0
    for piece in pieces:
        parts.append(piece.at((width - piece.width) // 2, y))
        y += piece.height + gap
    return Piece(width, max(0, y - gap), "".join(parts))


def document(body: str, width: int, height: int, title: str, description: str) -> str:
    """A whole file, on paper of its own so that it reads in a dark viewer too."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-labelledby="title desc" font-family="{FONT}">\n'
        f'<title id="title">{escape(title)}</title>\n'
        f'<desc id="desc">{escape(description)}</desc>\n'
        f"{rect(0, 0, width, height, fill=PAPER, radius=0)}\n{body}\n</svg>\n"
    )

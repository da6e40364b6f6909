"""An architecture as one SVG file: stages from left to right, costs below."""

from __future__ import annotations

from nas.drawing.blocks import label_box, stage_box
from nas.drawing.cards import COLOURS, WIDTH, card, spoken
from nas.drawing.subject import Subject
from nas.drawing.svg import INK, SOFT, Piece, arrow, document, rect, stacked, text, text_width
from nas.drawing.words import FAMILIES, axes, exact, share

_MARGIN, _ARROW, _FLOW, _TOP = 24, 28, 30, 84
_CELL = 12

#: Space before each column of the totals, summed.
_SPACES = (0, 24, 36, 64, 76)


def draw(subject: Subject) -> str:
    """Draw a subject; equal subjects give equal text."""
    flow = _flow(subject)
    totals, legend = _totals(subject), _legend(subject)
    headings = _headings(subject)
    width = max(flow.width, totals.width, legend.width, *(text_width(*line) for line in headings))
    bottom = _TOP + flow.height + 30
    below = bottom + totals.height + (24 if legend.height else 0)
    parts = [
        text(headings[0][0], _MARGIN, 36, headings[0][1], bold=True),
        text(headings[1][0], _MARGIN, 58, headings[1][1], fill=SOFT),
        flow.at(_MARGIN, _TOP),
        totals.at(_MARGIN, bottom),
        legend.at(_MARGIN, below),
    ]
    height = below + legend.height + _MARGIN
    return document(
        "\n".join(parts), width + 2 * _MARGIN, height, headings[0][0], described(subject)
    )


def described(subject: Subject) -> str:
    """The picture in words."""
    total = subject.total
    parts = [spoken(placed, total) for placed in subject.placed] or ["No attention"]
    stages = ", ".join(
        f"{s.name}: {s.channels} channels at {s.height}×{s.width}"
        + (f" in {s.blocks} block{'s' * (s.blocks != 1)}" if s.known else "")
        for s in subject.stages
    )
    whole = f"{total.parameters:,} parameters, {total.forward_flops:,} forward FLOPs"
    return f"{stages}. {'. '.join(parts)}. In all {whole}."


def _headings(subject: Subject) -> list[tuple[str, int]]:
    backbone, shape = subject.architecture.backbone, subject.shape
    title = f"{backbone.name}: {', '.join(axes(backbone))}" if backbone.axes else backbone.name
    size = f"{shape.channels}×{shape.height}×{shape.width}"
    return [
        (title, 18),
        (f"images {size}, {shape.classes} classes, {subject.architecture.start} start", 12),
    ]


def _flow(subject: Subject) -> Piece:
    """Boxes and cards from left to right, joined by arrows at one height."""
    boxes = _boxes(subject)
    parts, x = [], 0
    for index, box in enumerate(boxes):
        if index:
            parts.append(arrow(x, _FLOW, _ARROW))
            x += _ARROW
        parts.append(box.at(x, 0))
        x += box.width
    return Piece(x, max(box.height for box in boxes), "\n".join(parts))


def _boxes(subject: Subject) -> list[Piece]:
    shape, stem = subject.shape, subject.stem
    image = f"{shape.channels}×{shape.height}×{shape.width}"
    boxes = [label_box(["image", image])]
    if stem is not None:
        size = f"{stem.height}×{stem.width}"
        boxes.append(label_box(["stem", f"{stem.channels} channels", size]))
    boxes += _single(subject, "stem", "stem_end")
    for stage in subject.stages:
        boxes.append(stage_box(subject, stage))
        boxes += _single(subject, stage.name, "stage_end")
    boxes += _elsewhere(subject)
    boxes += _single(subject, "backbone", "backbone_end")
    boxes.append(label_box(["head", "mean, linear", f"{shape.classes} classes"]))
    return boxes


def _elsewhere(subject: Subject) -> list[Piece]:
    """What stands behind modules that are named by their paths, on one pile."""
    if not subject.elsewhere:
        return []
    cards = [card(placed, subject.total) for placed in subject.elsewhere]
    return [stacked([label_box(["behind modules"], WIDTH), *cards], 12)]


def _single(subject: Subject, stage: str, position: str) -> list[Piece]:
    placed = subject.at(stage, position)
    return [] if placed is None else [card(placed, subject.total)]


def _totals(subject: Subject) -> Piece:
    """Backbone, attention and total, as a small table."""
    rows = _rows(subject)
    widths = [text_width(max((row[i] for row in rows), key=len), _CELL) for i in range(5)]
    edges = [sum(widths[: i + 1]) + _SPACES[i] for i in range(5)]
    parts = []
    for number, row in enumerate(rows):
        y, last = 16 + 20 * number, number == len(rows) - 1
        parts.append(text(row[0], 0, y, _CELL, bold=last))
        for cell, edge in zip(row[1:], edges[1:], strict=True):
            fill = INK if number else SOFT
            parts.append(text(cell, edge, y, _CELL, fill=fill, bold=last, anchor="end"))
    note = "FLOPs: one image's forward pass, a multiply-add is 2; shares are of the total"
    parts.append(text(note, 0, 20 * len(rows) + 16, 11, fill=SOFT))
    return Piece(max(edges[-1], text_width(note, 11)), 20 * len(rows) + 20, "".join(parts))


def _rows(subject: Subject) -> list[tuple[str, str, str, str, str]]:
    whole, extra, base = subject.total, subject.attention, subject.backbone
    attention = ("attention", "none", "", "none", "")
    if subject.placed:
        attention = (
            "attention",
            exact(extra.parameters),
            share(extra.parameters, whole.parameters),
            exact(extra.forward_flops),
            share(extra.forward_flops, whole.forward_flops),
        )
    return [
        ("", "parameters", "", "FLOPs", ""),
        ("backbone", f"{base.parameters:,}", "", f"{base.forward_flops:,}", ""),
        attention,
        ("total", f"{whole.parameters:,}", "", f"{whole.forward_flops:,}", ""),
    ]


def _legend(subject: Subject) -> Piece:
    """The families that are there, by colour and in words."""
    families = [name for name in COLOURS if any(p.family == name for p in subject.placed)]
    parts, x = [], 0
    for name in families:
        edge, face = COLOURS[name]
        label = f"{name}: {FAMILIES[name]}"
        parts.append(rect(x, 0, 14, 14, fill=face, stroke=edge, radius=2))
        parts.append(f'<rect x="{x}" y="0" width="5" height="14" fill="{edge}"/>')
        parts.append(text(label, x + 22, 12, 11))
        x += 22 + text_width(label, 11) + 28
    return Piece(max(0, x - 28), 16 if families else 0, "".join(parts))

"""A stage: its size, and one of its blocks with the attention at its place."""

from __future__ import annotations

from nas.drawing.cards import WIDTH, card
from nas.drawing.subject import Placed, Stage, Subject
from nas.drawing.svg import (
    INK,
    LINE,
    PANEL,
    PAPER,
    SOFT,
    Piece,
    down,
    fits,
    path,
    rect,
    stacked,
    text,
    text_width,
)

_PAD, _GAP, _BYPASS, _HEADER = 14, 12, 22, 66
_SUM = 24


def stage_box(subject: Subject, stage: Stage) -> Piece:
    """Draw a stage of a subject."""
    block = _block(subject, stage)
    width, height = block.width + 2 * _PAD, _HEADER + block.height + _PAD
    parts = [
        rect(0, 0, width, height, fill=PANEL, stroke=LINE, radius=8),
        text(stage.name[: fits(width - 2 * _PAD, 14)], _PAD, 24, 14, bold=True),
        text(f"{stage.channels} channels, {stage.height}×{stage.width}", _PAD, 42, 11),
        text(_count(stage), _PAD, 58, 11, fill=SOFT),
        block.at(_PAD, _HEADER),
    ]
    return Piece(width, height, "".join(parts))


def _count(stage: Stage) -> str:
    """How many blocks; of a backbone that is not ours only those that may hold attention."""
    if not stage.known:
        many = "" if stage.blocks == 1 else "s"
        return f"places in {stage.blocks} block{many}:" if stage.positions else ""
    return "1 block:" if stage.blocks == 1 else f"{stage.blocks} blocks, each:"


def _block(subject: Subject, stage: Stage) -> Piece:
    """The residual branch downwards, the shortcut at its left."""

    def at(position: str) -> Placed | None:
        return subject.at(stage.name, position)

    branch = stacked([_start(), *_branch(subject, stage)], _GAP)
    tail = [_sum()] if _adds(stage) else []
    if (after := at("post_add")) is not None:
        tail.append(card(after, subject.total))
    tail.append(_start())
    if not _adds(stage):
        whole = stacked([branch, *tail], _GAP)
        return Piece(whole.width, whole.height, down(whole.width // 2, whole.height) + whole.body)
    aside = at("shortcut")
    return _joined(
        branch, stacked(tail, _GAP), None if aside is None else card(aside, subject.total)
    )


def _joined(branch: Piece, tail: Piece, aside: Piece | None) -> Piece:
    """Branch and shortcut meet in the sum, the first piece of the tail."""
    height = branch.height if aside is None else max(branch.height, aside.height + 2 * _GAP)
    left = _BYPASS if aside is None else aside.width + _GAP
    bypass = 6 if aside is None else aside.width // 2
    centre, top = left + WIDTH // 2, height + _GAP
    whole = top + tail.height
    parts = [
        down(centre, whole),
        path(f"M{centre} 3 H{bypass} V{top + _SUM // 2} H{centre - _SUM // 2}"),
        branch.at(left, 0),
        tail.at(left + (WIDTH - tail.width) // 2, top),
    ]
    if aside is not None:
        parts.append(aside.at(0, (height - aside.height) // 2 + 3))
    return Piece(left + WIDTH, whole, "".join(parts))


def _branch(subject: Subject, stage: Stage) -> list[Piece]:
    """What the input passes, from top to bottom, up to the sum."""
    names = {position: subject.at(stage.name, position) for position in stage.positions}
    replaced, after, before = (names.get(p) for p in ("replace_3x3", "after_3x3", "pre_add"))
    first, second, third = _steps(stage)
    pieces = [_step(first)] if first else []
    if second or replaced is not None:
        pieces.append(_step(second) if replaced is None else card(replaced, subject.total))
    if after is not None:
        pieces.append(card(after, subject.total))
    if third:
        pieces.append(_step(third))
    if before is not None:
        pieces.append(card(before, subject.total))
    return pieces


def _steps(stage: Stage) -> tuple[str, str, str]:
    """What stands before, at and behind the spatial convolution of a block; empty: nothing told."""
    if not stage.known:
        inner = "after_3x3" in stage.positions
        return ("", "to the spatial convolution", "the rest") if inner else ("", "", "convolutions")
    if stage.widens:
        return "1×1 convolution", "3×3 convolution", "1×1 convolution"
    return "", "3×3 convolution", "3×3 convolution"


def _adds(stage: Stage) -> bool:
    return "pre_add" in stage.positions or "post_add" in stage.positions


def _step(label: str) -> Piece:
    body = rect(0, 0, WIDTH, 28, fill=PAPER, stroke=LINE)
    return Piece(WIDTH, 28, body + text(label, WIDTH // 2, 18, 11, anchor="middle"))


def _start() -> Piece:
    """Room for the line that enters or leaves; as wide as a step, so that all centres agree."""
    return Piece(WIDTH, 2)


def _sum() -> Piece:
    middle = _SUM // 2
    circle = (
        f'<circle cx="{middle}" cy="{middle}" r="{middle - 1}" fill="{PAPER}" stroke="{LINE}" '
        f'stroke-width="2"/>'
    )
    plus = path(
        f"M{middle - 5} {middle} H{middle + 5} M{middle} {middle - 5} V{middle + 5}", stroke=INK
    )
    return Piece(_SUM, _SUM, circle + plus)


def label_box(lines: list[str], least: int = 0) -> Piece:
    """A small box with a bold first line: what comes before and behind the stages.

    Args:
        lines: from top to bottom.
        least: the width that it has in any case.
    """
    widths = [text_width(line, 11 if i else 13) + 2 * _PAD for i, line in enumerate(lines)]
    width = max(least, *widths)
    height = 16 + 18 * len(lines)
    parts = [rect(0, 0, width, height, fill=PANEL, stroke=LINE, radius=8)]
    for i, line in enumerate(lines):
        parts.append(text(line, _PAD, 22 + 18 * i, 11 if i else 13, bold=i == 0))
    return Piece(width, height, "".join(parts))

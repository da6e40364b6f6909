"""One attention module's maps as a strip of images, or its channel weights as small charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nas.drawing.pixels import heat, picture, png
from nas.drawing.svg import LINE, PAPER, SOFT, Piece, fits, rect, text, text_width
from workers.attention_maps import Masks, Shown

#: Side of a cell, and the space around it.
CELL, GAP = 104, 10

#: A chart's size, how many stand in a row, and how many are drawn at all.
_WIDE, _HIGH, _ACROSS, CHARTS = 150, 84, 5, 10

_CLASS, _MEAN, _WRONG = "#0072b2", "#b0b0b0", "#b34700"
_HEAT = "0.72"


def image_strip(images: Sequence[Shown], names: Sequence[str]) -> Piece:
    """The images themselves, each with its class, and the model's where that is another one."""
    parts = []
    for number, image in enumerate(images):
        x = number * (CELL + GAP)
        parts.append(_image(image, x))
        label, said = names[image.label], names[image.predicted]
        parts.append(text(_cut(label, CELL), x, CELL + 15, 11))
        if label != said:
            parts.append(text(_cut(f"model: {said}", CELL), x, CELL + 30, 11, fill=_WRONG))
    return Piece(_strip(len(images)), CELL + 34, "".join(parts))


def mask_strip(images: Sequence[Shown], masks: Masks, legend: str, centre: bool = False) -> Piece:
    """Maps over the images on one scale, which is told below.

    Args:
        images: under the maps.
        masks: one an image.
        legend: what the colours mean.
        centre: mark each map's centre position.
    """
    values = [value for mask in masks for row in mask for value in row]
    low, high = min(values), max(values)
    parts = []
    for number, (image, mask) in enumerate(zip(images, masks, strict=True)):
        x = number * (CELL + GAP)
        parts.append(_image(image, x))
        parts.append(picture(heat(mask, low, high), x, 0, CELL, smooth=True, opacity=_HEAT))
        if centre:
            parts.append(_centre(mask, x))
    parts.append(_scale(low, high, legend, CELL + 8))
    wide = 232 + 2 * text_width("0.000", 11) + text_width(legend, 11)
    return Piece(max(_strip(len(images)), wide), CELL + 26, "".join(parts))


def channel_charts(channels: Mapping[int, Sequence[float | None]], names: Sequence[str]) -> Piece:
    """One chart a class: its channels' weights, in the order of their mean over all classes."""
    means = _means(list(channels.values()))
    order = sorted((i for i, m in enumerate(means) if m is not None), key=lambda i: means[i] or 0)
    known = [v for row in channels.values() for v in row if v is not None]
    if not known:
        return Piece(320, 20, text("every channel is zero in these images", 0, 14, 11, fill=SOFT))
    low, high = min(known), max(known)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    parts, drawn = [], list(channels)[:CHARTS]
    for number, label in enumerate(drawn):
        x, y = number % _ACROSS * (_WIDE + 36) + 44, number // _ACROSS * (_HIGH + 34) + 4
        lines = [([means[i] for i in order], _MEAN), ([channels[label][i] for i in order], _CLASS)]
        parts.append(_chart(lines, low, high, x, y))
        parts.append(text(_cut(names[label], _WIDE), x, y + _HIGH + 15, 11, fill=SOFT))
        if number % _ACROSS == 0:
            parts.append(text(f"{high:.3g}", x - 6, y + 9, 11, fill=SOFT, anchor="end"))
            parts.append(text(f"{low:.3g}", x - 6, y + _HIGH, 11, fill=SOFT, anchor="end"))
    rows, columns = -(-len(drawn) // _ACROSS), min(len(drawn), _ACROSS)
    return Piece(columns * (_WIDE + 36) + 44, rows * (_HIGH + 34) - 8, "".join(parts))


def _means(rows: Sequence[Sequence[float | None]]) -> list[float | None]:
    found: list[float | None] = []
    for column in zip(*rows, strict=True):
        known = [value for value in column if value is not None]
        found.append(sum(known) / len(known) if known else None)
    return found


def _chart(
    lines: Sequence[tuple[Sequence[float | None], str]], low: float, high: float, x: int, y: int
) -> str:
    parts = [rect(x, y, _WIDE, _HIGH, fill=PAPER, stroke="#d0d0d0", radius=0)]
    for values, stroke in lines:
        step = (_WIDE - 8) / max(1, len(values) - 1)
        points = " ".join(
            f"{x + 4 + i * step:.1f},{y + 4 + (_HIGH - 8) * (high - v) / (high - low):.1f}"
            for i, v in enumerate(values)
            if v is not None
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="2"/>'
        )
    return "".join(parts)


def _image(image: Shown, x: int) -> str:
    return picture(png(image.pixels, image.width, image.height), x, 0, CELL, smooth=False)


def _centre(mask: Sequence[Sequence[float]], x: int) -> str:
    height, width = len(mask), len(mask[0])
    cx = x + round(CELL * (width // 2 + 0.5) / width)
    cy = round(CELL * (height // 2 + 0.5) / height)
    return f'<circle cx="{cx}" cy="{cy}" r="4" fill="none" stroke="#d55e00" stroke-width="2"/>'


def _scale(low: float, high: float, legend: str, y: int) -> str:
    """A bar of the colours between the two ends."""
    least, most, x = f"{low:.3g}", f"{high:.3g}", 0
    bar = heat([[i / 31 for i in range(32)]], 0, 1)
    parts = [text(least, x, y + 10, 11, fill=SOFT)]
    x += text_width(least, 11) + 6
    parts.append(
        f'<image x="{x}" y="{y}" width="120" height="12" preserveAspectRatio="none" href="{bar}"/>'
        f'<rect x="{x}" y="{y}" width="120" height="12" fill="none" stroke="{LINE}"/>'
    )
    x += 126
    parts.append(text(most, x, y + 10, 11, fill=SOFT))
    parts.append(text(legend, x + text_width(most, 11) + 16, y + 10, 11, fill=SOFT))
    return "".join(parts)


def _cut(words: str, width: int) -> str:
    limit = fits(width, 11)
    return words if len(words) <= limit else f"{words[: limit - 1]}…"


def _strip(count: int) -> int:
    return count * (CELL + GAP) - GAP

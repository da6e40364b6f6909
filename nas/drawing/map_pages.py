"""Attention maps as pages: an SVG for each stage, and an HTML file that shows them all."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nas.drawing.map_rows import CHARTS, channel_charts, image_strip, mask_strip
from nas.drawing.svg import SOFT, Piece, document, text, text_width
from workers.attention_maps import AttentionMaps, ModuleMaps

_MARGIN = 24

_GATE = "factor at each position: sum |y| over sum |x|"
_CHANGE = "length of what is added, over the image's root mean square"
_REACH = "share in what is added at the marked centre, by gradient"


def stages_of(maps: AttentionMaps) -> list[str]:
    """The stages that hold attention with maps, in forward order."""
    return list(dict.fromkeys(module.placement.stage for module in maps.modules))


def stage_picture(maps: AttentionMaps, stage: str, names: Sequence[str]) -> str:
    """Draw all attention of a stage.

    Args:
        maps: of the model.
        stage: one of ``stages_of``.
        names: of the classes.
    """
    pieces = [image_strip(maps.images, names)]
    for module in maps.modules:
        if module.placement.stage == stage:
            pieces += _module(maps, module, names)
    width = max(piece.width for piece in pieces) + 2 * _MARGIN
    parts, y = [text(stage, _MARGIN, 38, 18, bold=True)], 58
    for piece in pieces:
        parts.append(piece.at(_MARGIN, y))
        y += piece.height + 14
    said = f"Attention maps of {len(maps.images)} test images in {stage}"
    told = ". ".join(_heading(m) for m in maps.modules if m.placement.stage == stage)
    return document("\n".join(parts), width, y + _MARGIN - 14, said, f"{told}. Numbers: maps.json")


def index_page(maps: AttentionMaps, title: str, files: Sequence[tuple[str, str]]) -> str:
    """The page that shows every picture.

    Args:
        maps: of the model.
        title: what was looked at.
        files: stage and file name of each picture.
    """
    figures = "\n".join(
        f'<figure><img src="{escape(name)}" alt="{escape(stage)}: attention maps"></figure>'
        for stage, name in files
    )
    notes = [*_NOTES, f"Channels' weights are means over {maps.counted} test images."]
    if maps.skipped:
        notes.append(
            f"Without maps, since they stand for a convolution: {', '.join(maps.skipped)}."
        )
    items = "\n".join(f"<li>{escape(note)}</li>" for note in notes)
    return _PAGE.format(title=escape(title), figures=figures, notes=items)


def _module(maps: AttentionMaps, module: ModuleMaps, names: Sequence[str]) -> list[Piece]:
    pieces = [_line(_heading(module), bold=True)]
    if module.gate is not None:
        pieces.append(mask_strip(maps.images, module.gate, _GATE))
    if module.channels:
        more = len(module.channels) - CHARTS
        rest = f"; {more} further classes are in maps.json" if more > 0 else ""
        pieces.append(_line(f"channels, sorted by their mean (grey); a class in blue{rest}"))
        pieces.append(channel_charts(module.channels, names))
    if module.family == "gate" and module.gate is None and not module.channels:
        pieces.append(_line("the gate is one number everywhere: this attention does nothing"))
    if module.change is not None:
        pieces.append(mask_strip(maps.images, module.change, _CHANGE))
    if module.reach is not None:
        pieces.append(mask_strip(maps.images, module.reach, _REACH, centre=True))
    return pieces


def _heading(module: ModuleMaps) -> str:
    single = module.placement.position in ("stem_end", "stage_end", "backbone_end")
    block = "" if single else f"block {module.block + 1}, "
    return f"{block}{module.placement.position}: {module.choice}"


def _line(content: str, *, bold: bool = False) -> Piece:
    size, fill = (13, "#1b1b1b") if bold else (11, SOFT)
    return Piece(text_width(content, size), 18, text(content, 0, 14, size, fill=fill, bold=bold))


_NOTES = (
    "A gate multiplies its input. At a position, the map shows sum |y| over sum |x|, over all "
    "channels; for a channel, the curve shows the same over all positions. 1 leaves things as "
    "they are. A gate that doesn't depend on positions has no map, one that doesn't depend on "
    "channels has no curve.",
    "Context adds to its input. The first map shows how long the added vector is at each position; "
    "the second, which positions it comes from at the marked centre (gradient of its squared "
    "length).",
    "Below an image stands its class, and what the model says where that is another one.",
    "Bright is high. Every strip has a scale of its own, which is printed below it: where its ends "
    "are close together, there is little to see, however strong the colours.",
)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font-family: system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem;
  color: #1b1b1b; background: #fff; line-height: 1.45; }}
figure {{ margin: 1.5rem 0; border: 1px solid #d0d0d0; border-radius: 8px; overflow-x: auto; }}
img {{ display: block; max-width: 100%; height: auto; }}
</style>
</head>
<body>
<h1>{title}</h1>
<ul>
{notes}
</ul>
{figures}
<p>All numbers: <a href="maps.json">maps.json</a></p>
</body>
</html>
"""

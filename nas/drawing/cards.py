"""The card of one attention: its type, position, axes and cost."""

from __future__ import annotations

from xml.sax.saxutils import escape

from nas.drawing.subject import Placed
from nas.drawing.svg import INK, SOFT, Piece, rect, text, wrap
from nas.drawing.words import added, axes, share
from search_spaces.amount import Cost

#: Width of a card in pixels.
WIDTH = 208

#: Family -> (edge, face): Okabe and Ito's colours, which colour-blind people can tell apart.
COLOURS = {
    "gate": ("#0072b2", "#eaf4fa"),
    "context": ("#d55e00", "#fdf1e8"),
    "replace": ("#009e73", "#e6f6f1"),
    "warp": ("#cc79a7", "#faf0f6"),
}

_SMALL, _HEAD, _LEADING, _LEFT = 11, 14, 16, 16


def card(placed: Placed, total: Cost) -> Piece:
    """Draw the attention of one placement.

    Args:
        placed: what stands there.
        total: of the whole network; costs are told as shares of it too.
    """
    edge, face = COLOURS[placed.family]
    inner = WIDTH - _LEFT - 10
    name = wrap([placed.choice.name], inner, _HEAD)
    lines = wrap(axes(placed.choice), inner, _SMALL)
    costs = _costs(placed.cost, total)
    where = wrap([_where(placed)], inner, _SMALL)
    height = 10 + _LEADING * (len(name) + len(where) + len(lines) + len(costs)) + 18
    parts = [
        f"<title>{escape(spoken(placed, total))}</title>",
        rect(0, 0, WIDTH, height, fill=face, stroke=edge),
        f'<rect x="0" y="0" width="6" height="{height}" rx="3" fill="{edge}"/>',
    ]
    y = 8
    for line in name:
        parts.append(text(line, _LEFT, y := y + _LEADING, _HEAD, bold=True))
    for line in where:
        parts.append(text(line, _LEFT, y := y + _LEADING, _SMALL, fill=SOFT))
    for line in lines:
        parts.append(text(line, _LEFT, y := y + _LEADING, _SMALL))
    y += 6
    for label, amount, portion in costs:
        y += _LEADING
        parts.append(text(label, _LEFT, y, _SMALL, fill=SOFT))
        parts.append(text(amount, _LEFT + 122, y, _SMALL, fill=INK, anchor="end"))
        parts.append(text(portion, WIDTH - 10, y, _SMALL, fill=INK, anchor="end"))
    return Piece(WIDTH, height, f"<g>{''.join(parts)}</g>")


def spoken(placed: Placed, total: Cost) -> str:
    """The card in one sentence, for tooltips and screen readers."""
    costs = ", ".join(
        f"{amount} {label} ({part})" for label, amount, part in _costs(placed.cost, total)
    )
    return f"{placed.choice} at {placed.placement}, {_times(placed.modules)}: {costs}"


def _costs(cost: Cost, total: Cost) -> list[tuple[str, str, str]]:
    return [
        ("params", added(cost.parameters), share(cost.parameters, total.parameters)),
        ("FLOPs", added(cost.forward_flops), share(cost.forward_flops, total.forward_flops)),
    ]


def _where(placed: Placed) -> str:
    times = "" if placed.modules == 1 else f" ×{placed.modules}"
    place = placed.placement
    return f"{place if place.position == 'output' else place.position}{times}"


def _times(modules: int) -> str:
    return "once" if modules == 1 else f"in each of {modules} blocks"

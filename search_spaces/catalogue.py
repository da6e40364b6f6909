"""The one table of attention types: class, axes, positions, guards. No torch import.

Adding a type is one class (``search_spaces/attention/``), one row (``search_spaces/rows/``) and its
test entries: closed forms in ``tests/search_spaces/closed_forms.py``, a slow reference in
``tests/contracts/attention_reference.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

from search_spaces.architecture import SHARE, Choice, Value
from search_spaces.attention_type import (
    COMPOSITIONS,
    OUTPUT,
    POSITIONS,
    SINGLE,
    AttentionType,
    positions_in,
)
from search_spaces.axes import one_of, resolve
from search_spaces.errors import SpaceError, unknown
from search_spaces.rows.context import CONTEXT
from search_spaces.rows.gates import GATES
from search_spaces.rows.pixel_gates import PIXEL_GATES
from search_spaces.rows.replacements import REPLACEMENTS
from search_spaces.rows.warps import WARPS

__all__ = [
    "CATALOGUE",
    "COMPOSITIONS",
    "POSITIONS",
    "SHARED",
    "SINGLE",
    "AttentionType",
    "attention_type",
    "check_position",
    "complete",
    "known_position",
    "positions_in",
    "refusal",
]

CATALOGUE: dict[str, AttentionType] = {
    **GATES,
    **PIXEL_GATES,
    **CONTEXT,
    **REPLACEMENTS,
    **WARPS,
}

#: What every type takes beside its own axes; not written down where it is false.
SHARED = one_of(SHARE, False, False, True)


def attention_type(name: str) -> AttentionType:
    """Look a type up.

    Raises:
        SpaceError: for an unknown name, with the nearest spelling.
    """
    try:
        return CATALOGUE[name]
    except KeyError:
        raise SpaceError(unknown("attention type", name, ["none", *CATALOGUE])) from None


def complete(name: str, axes: Mapping[str, Value]) -> Choice:
    """Fill in the paper's defaults and drop inactive axes: the canonical choice.

    Raises:
        SpaceError: for an unknown axis or a value that the axis refuses; ``path`` ends with the
            axis' name.
    """
    resolved = resolve(name, (*attention_type(name).axes, SHARED), axes)
    if not resolved[SHARE]:
        del resolved[SHARE]
    return Choice.of(name, resolved)


def known_position(position: str) -> None:
    """Refuse a position that no type knows.

    Raises:
        SpaceError: with the nearest spelling.
    """
    if position not in (*POSITIONS, OUTPUT):
        raise SpaceError(unknown("position", position, POSITIONS))


def check_position(name: str, position: str) -> None:
    """Refuse a type where it can't stand; behind a module stands what may at a stage's end.

    Raises:
        SpaceError: with the positions that are allowed.
    """
    known_position(position)
    kind = attention_type(name)
    if ("stage_end" if position == OUTPUT else position) not in kind.positions:
        raise SpaceError(f"{name} can't stand at {position}; allowed: {', '.join(kind.positions)}")


def refusal(
    choice: Choice, channels: int, height: int, width: int, position: str | None = None
) -> str | None:
    """Why a choice can't stand on a feature map of this size, or None.

    Args:
        choice: complete.
        channels: of the feature map.
        height: in positions.
        width: in positions.
        position: where it shall stand; without it, only what holds everywhere is asked.
    """
    for guard in attention_type(choice.name).guards_for(position):
        reason = guard(choice.as_dict(), channels, height, width)
        if reason is not None:
            return f"{choice}: {reason}"
    return None

"""Choices that fit on small feature maps, where the papers' numbers don't."""

from __future__ import annotations

from search_spaces.architecture import Choice
from search_spaces.catalogue import complete

MOST = {"ratio": 4, "groups": 2, "layers": 1, "pool": 2}


def shrunk(choice: Choice) -> Choice:
    """The choice with no more than ``MOST`` of what must divide, reduce or fit into the map."""
    axes = choice.as_dict()
    less = {n: min(v, MOST[n]) for n, v in choice.axes if n in MOST and isinstance(v, int)}
    return complete(choice.name, {**axes, **less})


def small(name: str) -> Choice:
    """The type with its defaults, shrunk."""
    return shrunk(complete(name, {}))

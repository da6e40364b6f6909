"""Uniform draws from a space, without what may not be trained."""

from __future__ import annotations

import random
from collections.abc import Callable

from search_spaces.architecture import Architecture
from search_spaces.space import SearchSpace

#: Draws refused in a row before the space counts as exhausted.
MAX_DRAWS = 2000


def draw(
    space: SearchSpace, generator: random.Random, refuse: Callable[[Architecture], str | None]
) -> Architecture | None:
    """The first draw that is not refused, or None if there is none any more.

    Args:
        space: each architecture of it is as likely as any other.
        generator: of the draws.
        refuse: gives the reason why an architecture can't be trained, or None.
    """
    draws = (space.sample_uniform(generator) for _ in range(MAX_DRAWS))
    return next((found for found in draws if refuse(found) is None), None)

"""What each attention type adds to the cost at each placement of a space: exact, by counting."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean

from nas.store.records import Shares
from search_spaces.architecture import Architecture, Choice, Placement, TaskShape
from search_spaces.cost import cost_of
from search_spaces.errors import SpaceError
from search_spaces.space import SearchSpace

_COUNTED = ("parameters", "forward_flops")


def cost_shares(space: SearchSpace, shape: TaskShape, more: Iterable[Architecture] = ()) -> Shares:
    """The shares of everything that the space offers.

    Args:
        space: of the job.
        shape: of its images.
        more: architectures outside of the space (baselines) whose choices count too.
    """
    offered = [option for options in space.options for option in options if option is not None]
    choices: list[tuple[Placement, Choice]] = list(dict.fromkeys(offered))
    inside = {(place, choice.name) for place, choice in choices}
    beside = [pair for architecture in more for pair in architecture.attention]
    choices += [p for p in dict.fromkeys(beside) if (p[0], p[1].name) not in inside]
    found: dict[tuple[str, str], dict[str, list[float]]] = {}
    for backbone in space.backbones:
        plain = cost_of(Architecture.of(backbone, {}, space.start), shape)
        for place, choice in choices:
            try:
                cost = cost_of(Architecture.of(backbone, {place: choice}, space.start), shape)
            except SpaceError:
                continue  # a baseline's choice that another backbone refuses
            seen = found.setdefault((str(place), choice.name), {name: [] for name in _COUNTED})
            for name in _COUNTED:
                seen[name].append(getattr(cost, name) / getattr(plain, name) - 1)
    shares: Shares = {}
    for (where, kind), values in sorted(found.items()):
        summary = {name: [fmean(v), min(v), max(v)] for name, v in values.items()}
        shares.setdefault(where, {})[kind] = summary
    return shares

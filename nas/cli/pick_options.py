"""``--pick`` and ``--under``: one point of a front, on every command that takes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

#: As ``nas.analysis.picks.PICKS``, which is imported later: ``--help`` answers at once.
NAMES = ("knee", "accurate", "cheap", "one-standard-error")


def pick_option(help_text: str) -> Callable[[F], F]:
    """``--pick RULE``."""
    return click.option("--pick", type=click.Choice(NAMES), help=help_text)


def under_option(command: F) -> F:
    """``--under COST=NUMBER``, repeatable, as limits by name."""
    return click.option(
        "--under",
        metavar="COST=NUMBER",
        multiple=True,
        callback=_limits,
        help="Only what costs at most so much: forward_flops=2e6. May be repeated.",
    )(command)


def _limits(ctx: click.Context, _: click.Parameter, texts: tuple[str, ...]) -> dict[str, float]:
    if not texts:
        return {}
    from nas.analysis.picks import limits_of

    return limits_of(texts)

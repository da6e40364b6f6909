"""The ready search spaces of ``search_spaces/library/``, by name. No torch import."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from search_spaces.errors import SpaceError, unknown

_SUFFIX = ".yaml"


@cache
def ready_names() -> tuple[str, ...]:
    """The names of the ready spaces, sorted."""
    found = (item.name for item in (files("search_spaces") / "library").iterdir())
    return tuple(sorted(n.removesuffix(_SUFFIX) for n in found if n.endswith(_SUFFIX)))


def ready_space(name: str) -> dict[str, Any]:
    """The ``space`` section of this name, as ``SearchSpace.from_dict`` reads it.

    Raises:
        SpaceError: for an unknown name, with the nearest spelling.
    """
    return deepcopy(_section(name))  # to be changed by whoever asks


def ready_question(name: str) -> str:
    """Which question the space answers: the comment at the file's head, as one line.

    Raises:
        SpaceError: for an unknown name, with the nearest spelling.
    """
    head = []
    for line in _text(name).splitlines():
        if not line.startswith("#"):
            break
        head.append(line.lstrip("# "))
    return " ".join(head)


@cache
def _section(name: str) -> dict[str, Any]:
    # A job file is checked against its space several times; YAML takes milliseconds to read.
    section = yaml.safe_load(_text(name))
    assert isinstance(section, dict)
    return section


def _text(name: str) -> str:
    names = ready_names()
    if name not in names:
        raise SpaceError(unknown("ready space", name, names))
    return (files("search_spaces") / "library" / f"{name}{_SUFFIX}").read_text(encoding="utf-8")

"""Find the architecture that is to be drawn: in a file, or in an export's folder. No torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nas.errors import UsageProblem
from search_spaces.architecture import Architecture, TaskShape

#: Of an exported folder.
FILE = "architecture.json"


def read_architecture(path: Path) -> Architecture:
    """Read an architecture's JSON, or that of an exported folder.

    Raises:
        UsageProblem: if there is none, or it isn't an architecture; says why.
    """
    file = path / FILE if path.is_dir() else path
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if not path.is_dir():
            raise UsageProblem(f"{path} does not exist") from None
        raise UsageProblem(f"{path} holds no {FILE}; name a folder that nas export wrote") from None
    except OSError as error:
        raise UsageProblem(f"{file} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageProblem(f"{file} is not JSON: {error}") from None
    try:
        return _architecture(data)
    except (ValueError, TypeError) as error:
        raise UsageProblem(f"{file} is not an architecture: {error}") from None


def default_shape(architecture: Architecture) -> TaskShape:
    """The images that a backbone was made for: small ones for a stem that keeps their size."""
    stem = architecture.backbone.as_dict().get("stem")
    if architecture.backbone.name == "cifar_resnet" or stem == "cifar":
        return TaskShape(3, 32, 32, 10)
    return TaskShape(3, 224, 224, 1000)


def _architecture(data: Any) -> Architecture:
    """Hold the mapping to its form first, so that what is wrong has a name."""
    if not isinstance(data, dict):
        raise ValueError(f"it must be a mapping, not {type(data).__name__}")
    if "format" not in data and "architecture" in data:
        return _architecture(data["architecture"])  # what nas draw -o json prints
    for key, kind in {"format": int, "backbone": dict, "attention": dict, "start": str}.items():
        if not isinstance(data.get(key), kind):
            found = f"not {json.dumps(data[key])[:40]}" if key in data else "and is missing"
            raise ValueError(f"{key!r} must be {_NAMES[kind]}, {found}")
    if data["start"] not in ("identity", "paper"):
        raise ValueError(f"start is {data['start']!r}; allowed: identity, paper")
    _check_choice("backbone", data["backbone"], "name")
    for place, choice in data["attention"].items():
        _check_choice(f"attention at {place}", choice, "type")
    return Architecture.from_dict(data)


def _check_choice(what: str, choice: Any, key: str) -> None:
    if not isinstance(choice, dict) or not isinstance(choice.get(key), str):
        raise ValueError(f"{what} must be a mapping with a {key!r}, not {json.dumps(choice)[:60]}")
    for axis, value in choice.items():
        if not isinstance(value, str | int | float | bool):
            raise ValueError(f"{what}: {axis} is {json.dumps(value)[:40]}; it must be one value")


_NAMES = {int: "a number", dict: "a mapping", str: "a word"}

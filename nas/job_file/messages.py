"""What pydantic finds wrong, in the words of the job file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from nas.errors import did_you_mean
from nas.job_file.spec import JobSpec
from search_spaces.errors import unknown

_KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "model_type": "a section of keys and values",
    "model_attributes_type": "a section of keys and values",
    "dict_type": "a section of keys and values",
    "tuple_type": "a list",
    "list_type": "a list",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "from"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def message_of(error: Any, root: type[BaseModel] = JobSpec) -> str:
    """One sentence for one of pydantic's errors: what was wrong, the value, what is allowed.

    Args:
        error: as pydantic tells it.
        root: what the whole file is checked against.
    """
    kind, given, context = error["type"], error["input"], error.get("ctx") or {}
    path = tuple(error["loc"])
    if kind == "extra_forbidden":
        return "unknown key" + _hint(path, root)
    if kind == "missing":
        return "is missing"
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", context["expected"])
        return unknown(str(path[-1]).replace("_", " "), given, allowed)
    if kind in _KINDS:
        return f"{shown(given)} is not {_KINDS[kind]}"
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"{shown(given)} is out of range; allowed: {words} {context[key]}"
    return str(error["msg"]).removeprefix("Value error, ")


def shown(value: object) -> str:
    """A value as the user wrote it, shortened."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "an empty value"}[value]
    if isinstance(value, dict):
        return "a section"
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= 60 else text[:57] + "..."
    return repr(text) if isinstance(value, str) else text


def _hint(path: tuple[str | int, ...], root: type[BaseModel]) -> str:
    """The nearest key of the same section, else the place where a key of that name stands."""
    model = _model_at(path[:-1], root)
    places = {place.rpartition(".")[2]: place for place in reversed([*_keys(root)])}
    if path[-1] in places:
        return f" here (did you mean {places[str(path[-1])]!r}?)"
    beside = did_you_mean(path[-1], model.model_fields)
    return beside or f"; allowed: {', '.join(model.model_fields)}"


def _model_at(path: tuple[str | int, ...], root: type[BaseModel]) -> type[BaseModel]:
    here: Any = root
    for key in path:
        if get_origin(here) is dict:
            here = get_args(here)[1]
        else:
            here = here.model_fields[str(key)].annotation
    assert isinstance(here, type)
    assert issubclass(here, BaseModel)
    return here


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield prefix + name
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from _keys(info.annotation, f"{prefix}{name}.")

"""Collect the classes and functions that a model uses, from the files that define them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nas.export.modules import External, Own, SourceError, parse
from nas.export.scopes import free_names

#: Notes to our own tools, which mean nothing in an exported file.
_TOOL_NOTE = re.compile(r"  # (?:noqa|type: ignore)\b.*$")


@dataclass(frozen=True)
class Collected:
    """Everything that some definitions need, in an order in which it can be run.

    Attributes:
        imports: import statements, from torch and the standard library.
        code: the definitions, formatted as in their files.
        names: the names that the definitions have in ``code``.
    """

    imports: tuple[str, ...]
    code: str
    names: Mapping[Own, str]


def collect(roots: Sequence[Own], reserved: Iterable[str] = ()) -> Collected:
    """Find what the roots use, transitively, and join it.

    A name that two files define is kept by the first; the second becomes ``name_file``.

    Args:
        roots: classes and functions to start from.
        reserved: names that the caller needs for itself.

    Raises:
        SourceError: if a file is written in a way that can't be exported.
    """
    walk = _Walk()
    for root in roots:
        walk.add(root)
    imports = _distinct(walk.externals)
    names = _named(walk.order, {*reserved, *(e.bound for e in imports)})
    code = [_text(own, names) for own in walk.order]
    return Collected(tuple(str(e) for e in imports), "\n\n\n".join(code), names)


def definition(own: Own) -> ast.stmt:
    """The syntax tree of a definition."""
    return parse(own.module).definitions[own.name]


@dataclass
class _Walk:
    """Depth first: what is used comes before what uses it."""

    order: list[Own] = field(default_factory=list)
    externals: list[External] = field(default_factory=list)
    seen: set[Own] = field(default_factory=set)

    def add(self, own: Own) -> None:
        if own in self.seen:
            return
        self.seen.add(own)
        module = parse(own.module)
        for name in free_names(definition(own)):
            target = module.resolve(name.id)
            if isinstance(target, Own):
                self.add(target)
            elif target is not None:
                self.externals.append(target)
        self.order.append(own)


def _distinct(externals: Iterable[External]) -> list[External]:
    """Each import once.

    Raises:
        SourceError: if two files import different things under one name.
    """
    by_name: dict[str, External] = {}
    for external in externals:
        known = by_name.setdefault(external.bound, external)
        if known != external:
            raise SourceError(f"{external.bound!r} is both '{known}' and '{external}'")
    return list(by_name.values())


def _named(order: Iterable[Own], taken: set[str]) -> dict[Own, str]:
    names: dict[Own, str] = {}
    for own in order:
        stem = own.module.rpartition(".")[2]
        name = own.name
        while name in taken:
            name = f"{name}_{stem.upper() if name.isupper() else stem}"
        taken.add(name)
        names[own] = name
    return names


def _text(own: Own, names: Mapping[Own, str]) -> str:
    """The source of one definition with the comment above it, its names replaced."""
    module, statement = parse(own.module), definition(own)
    lines = list(module.lines)
    for name in reversed(free_names(statement)):
        target = module.resolve(name.id)
        if isinstance(target, Own) and names[target] != name.id:
            line = lines[name.lineno - 1].encode()
            start, end = line[: name.col_offset], line[name.end_col_offset :]
            lines[name.lineno - 1] = (start + names[target].encode() + end).decode()
    first = statement.lineno - 1
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        if names[own] != own.name:
            pattern = rf"\b((?:def|class)\s+){own.name}\b"
            lines[first] = re.sub(pattern, rf"\g<1>{names[own]}", lines[first], count=1)
        first = min([first, *(d.lineno - 1 for d in statement.decorator_list)])
    while first and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(_TOOL_NOTE.sub("", line) for line in lines[first : statement.end_lineno])

"""One Python module, parsed: what it defines, and where its other names come from."""

from __future__ import annotations

import ast
import builtins
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

#: All that an exported file may import, beside the standard library.
ALLOWED = ("torch",)


class SourceError(Exception):
    """A module can't be exported as it is written; names the module and the reason."""


@dataclass(frozen=True)
class External:
    """An import from torch or the standard library.

    Attributes:
        module: imported from; empty for a plain ``import``.
        name: what is imported.
        bound: the name it gets.
    """

    module: str
    name: str
    bound: str

    def __str__(self) -> str:
        line = f"from {self.module} import {self.name}" if self.module else f"import {self.name}"
        return (
            line
            if self.bound in (self.name, self.name.partition(".")[0])
            else (f"{line} as {self.bound}")
        )


@dataclass(frozen=True)
class Own:
    """A top-level definition of a module of ours."""

    module: str
    name: str


@dataclass(frozen=True, eq=False)
class Module:
    """A parsed module.

    Attributes:
        lines: of the source, without line ends.
        definitions: functions, classes and constants by name.
        imports: by the name that is bound.
    """

    name: str
    lines: tuple[str, ...]
    definitions: dict[str, ast.stmt]
    imports: dict[str, External | Own]

    def resolve(self, name: str) -> External | Own | None:
        """What a global name stands for; None for a builtin.

        Raises:
            SourceError: if nothing at the top level of the module defines it.
        """
        if name in self.definitions:
            return Own(self.name, name)
        target = self.imports.get(name)
        if isinstance(target, Own):
            return parse(target.module).resolve(target.name)
        if target is None and not hasattr(builtins, name):
            raise SourceError(
                f"{self.name} uses {name!r}, which no top-level class, function, assignment or "
                f"import of names defines"
            )
        return target


@lru_cache(maxsize=256)
def parse(name: str) -> Module:
    """Parse a module without running it.

    Raises:
        SourceError: if there is no source, or it imports what a plain torch program has not.
    """
    spec = find_spec(name)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise SourceError(f"{name} has no Python source")
    text = Path(spec.origin).read_text(encoding="utf-8")
    body = ast.parse(text).body
    definitions = {d: s for s in body for d in [_defined(s)] if d}
    imports = {bound: target for s in body for bound, target in _imported(name, s)}
    return Module(name, tuple(text.splitlines()), definitions, imports)


def _defined(statement: ast.stmt) -> str | None:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return statement.name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return None


def _imported(module: str, statement: ast.stmt) -> list[tuple[str, External | Own]]:
    match statement:
        case ast.Import():
            return [_plain_import(module, alias) for alias in statement.names]
        case ast.ImportFrom(module="__future__"):
            return []
        case ast.ImportFrom(module=str(source), level=0):
            return [_from_import(module, source, alias) for alias in statement.names]
        case ast.ImportFrom():
            raise SourceError(f"{module} has a relative import; an export follows absolute ones")
    return []


def _plain_import(module: str, alias: ast.alias) -> tuple[str, External]:
    _check_allowed(module, alias.name)
    package, _, last = alias.name.rpartition(".")
    if alias.asname and package:
        return alias.asname, External(package, last, alias.asname)
    bound = alias.asname or alias.name.partition(".")[0]
    return bound, External("", alias.name, bound)


def _from_import(module: str, source: str, alias: ast.alias) -> tuple[str, External | Own]:
    bound = alias.asname or alias.name
    if source.partition(".")[0] == module.partition(".")[0]:
        return bound, Own(source, alias.name)
    _check_allowed(module, source)
    return bound, External(source, alias.name, bound)


def _check_allowed(module: str, imported: str) -> None:
    root = imported.partition(".")[0]
    if root not in ALLOWED and root not in sys.stdlib_module_names:
        raise SourceError(
            f"{module} imports {imported}; an exported model may need torch and the standard "
            f"library alone"
        )

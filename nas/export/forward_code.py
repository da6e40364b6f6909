"""A torch.fx graph as the body of the ``forward`` that a person would write."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from types import ModuleType
from typing import Any

from torch import fx

from nas.errors import NotExportable

#: Of a path and a part's name: its number, where parts are taken by number as of ``nn.Sequential``.
Numbered = Callable[[str, str], int | None]


@dataclass(frozen=True)
class ForwardCode:
    """A method's source.

    Attributes:
        arguments: as in its head, after ``self``.
        lines: of its body, not indented.
        imports: statements that it needs.
    """

    arguments: str
    lines: tuple[str, ...]
    imports: tuple[str, ...]


def forward_code(graph: fx.Graph, numbered: Numbered) -> ForwardCode:
    """Write a graph's operations one a line, with as few names as there are values at a time.

    Raises:
        NotExportable: if it calls something that can't be imported.
    """
    made = graph.python_code("self")
    (function,) = ast.parse(made.src).body
    assert isinstance(function, ast.FunctionDef)
    for argument in function.args.args:
        argument.annotation = None
    function = _Indexed(numbered).visit(function)
    steps = list(_steps(function))
    match steps[-1].value:  # what is returned as it was made needs no name
        case ast.Name(id=name) if len(steps) > 1 and steps[-2].name == name:
            steps[-2:] = [_Step("", steps[-2].value)]
    used = {n.id for step in steps for n in ast.walk(step.value) if isinstance(n, ast.Name)}
    imports = [_import(name, made.globals[name]) for name in used if name in made.globals]
    head = ast.unparse(function.args).partition(",")[2].strip()
    given = [argument.arg for argument in function.args.args[1:]]
    return ForwardCode(head, tuple(_lines(steps, given)), tuple(sorted(imports)))


@dataclass
class _Step:
    """One operation and the name that fx gave to its result; empty for what is returned."""

    name: str
    value: ast.expr


def _steps(function: ast.FunctionDef) -> Iterator[_Step]:
    """The operations, without the statements that free names or give one value two."""
    same: dict[str, str] = {}
    for statement in function.body:
        for read in _names(statement, same):
            read.id = same[read.id]
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=other)):
                same[name] = other
            case ast.Assign(value=ast.Constant(value=None)):
                continue
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield _Step(name, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield _Step(name, value)
            case ast.Return(value=ast.expr() as value):
                yield _Step("", value)
            case _:
                raise NotExportable(f"{ast.unparse(statement)!r} can't be written as code")


class _Indexed(ast.NodeTransformer):
    """``getattr(self.layer1, '0')`` as ``self.layer1[0]``."""

    def __init__(self, numbered: Numbered) -> None:
        self._numbered = numbered

    def visit_Call(self, node: ast.Call) -> ast.AST:
        path = _path(node)
        self.generic_visit(node)
        if path is None or not isinstance(node.func, ast.Name):
            return node
        number = self._numbered(*path.rpartition(".")[::2])
        if number is None:
            return node
        return ast.Subscript(node.args[0], ast.Constant(number), ast.Load())


def _path(node: ast.expr) -> str | None:
    """``layer1.0`` of ``getattr(self.layer1, '0')``; None of what is no path from ``self``."""
    match node:
        case ast.Name(id="self"):
            return ""
        case ast.Attribute(value=inner, attr=name):
            pass
        case ast.Call(func=ast.Name(id="getattr"), args=[inner, ast.Constant(value=str(name))]):
            pass
        case _:
            return None
    before = _path(inner)
    return None if before is None else f"{before}.{name}".removeprefix(".")


def _lines(steps: list[_Step], given: list[str]) -> Iterator[str]:
    """Give a value the name of one that it is the last to use, else the first that is free."""
    last = dict.fromkeys(given, -1)
    for i, step in enumerate(steps):
        last.setdefault(step.name, -1)
        last.update({name.id: i for name in _names(step.value, last)})
    names = {name: name for name in given}
    for i, step in enumerate(steps):
        used = {name.id: names[name.id] for name in _names(step.value, names)}
        for name in _names(step.value, names):
            name.id = names[name.id]
        if not step.name:
            yield f"return {ast.unparse(step.value)}"
            continue
        live = {short for name, short in names.items() if last[name] > i}
        ending = [short for name, short in used.items() if last[name] == i]
        if last[step.name] < 0:
            names[step.name] = "_"
        else:
            free = next(short for short in _pool() if short not in live)
            names[step.name] = min(ending, key=_rank, default=free)
        yield f"{names[step.name]} = {ast.unparse(step.value)}"


def _names(value: ast.AST, known: Mapping[str, object]) -> list[ast.Name]:
    return [node for node in ast.walk(value) if isinstance(node, ast.Name) and node.id in known]


def _pool() -> Iterator[str]:
    yield from "xyzuvw"
    yield from (f"x{number}" for number in count(1))


def _rank(name: str) -> tuple[int, str]:
    """X before y before z before u, v, w before the numbered ones."""
    return (len(name), str("xyzuvw".find(name)) if len(name) == 1 else name)


def _import(name: str, value: Any) -> str:
    """The statement that binds a global of the generated code.

    Raises:
        NotExportable: if there is none.
    """
    if isinstance(value, ModuleType):
        return f"import {value.__name__}" + ("" if value.__name__ == name else f" as {name}")
    if isinstance(value, float):
        return f"from math import {name}"
    module, attribute = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    if module is None or not attribute.isidentifier():
        raise NotExportable(f"the network's forward uses {name!r}, which can't be imported")
    return f"from {module} import {attribute}" + ("" if attribute == name else f" as {name}")

"""Which names in a definition mean something outside it: Python's scoping rules on syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def free_names(statement: ast.stmt) -> list[ast.Name]:
    """Names that a top-level statement looks up in its module, in the order of the source.

    Annotations count. What a statement assigns at the top level is among them; the names of
    functions and classes aren't, since they are no ``ast.Name``.
    """
    finder = _Finder()
    finder.visit(statement)
    return sorted(finder.found, key=lambda name: (name.lineno, name.col_offset))


class _Finder(ast.NodeVisitor):
    """Collects names that no function around them binds.

    A class' own names are seen by the statements of its body, not by its methods.
    """

    def __init__(self) -> None:
        self.found: list[ast.Name] = []
        self.bound: frozenset[str] = frozenset()
        self.class_bound: frozenset[str] = frozenset()

    def visit_Name(self, node: ast.Name) -> None:
        if node.id not in self.bound | self.class_bound:
            self.found.append(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_all([*node.decorator_list, *node.bases, *node.keywords])
        before, self.class_bound = self.class_bound, frozenset(bound_names(node.body))
        self._visit_all(node.body)
        self.class_bound = before

    def visit_FunctionDef(self, node: _Function) -> None:
        self._visit_all(node.decorator_list)
        self._visit_function(node.args, [node.returns] if node.returns else [], node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_function(node.args, [], [node.body])

    def _visit_function(
        self, arguments: ast.arguments, outside: list[ast.expr], body: Iterable[ast.AST]
    ) -> None:
        """Defaults and annotations belong to the scope outside, the body to its own."""
        body, named = list(body), list(_arguments(arguments))
        defaults = [*arguments.defaults, *(d for d in arguments.kw_defaults if d)]
        self._visit_all([*defaults, *(a.annotation for a in named if a.annotation), *outside])
        with self._inside({a.arg for a in named} | bound_names(body)):
            self._visit_all(body)

    def visit_ListComp(self, node: _Comprehension) -> None:
        """The first iterable belongs to the scope outside, all else to the comprehension's own."""
        first = node.generators[0].iter
        self.visit(first)
        with self._inside(bound_names([g.target for g in node.generators])):
            for generator in node.generators:
                self._visit_all([generator.target, *generator.ifs])
                self._visit_all([generator.iter] if generator.iter is not first else [])
            self._visit_all(_results(node))

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp  # noqa: N815

    @contextmanager
    def _inside(self, names: set[str]) -> Iterator[None]:
        before = self.bound, self.class_bound
        self.bound |= names
        self.class_bound = frozenset()
        yield
        self.bound, self.class_bound = before

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)


def _results(node: _Comprehension) -> list[ast.expr]:
    return [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]


def _arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (a for a in (arguments.vararg, arguments.kwarg) if a is not None)


def bound_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that statements bind in their own scope, not in functions or classes within."""
    bound: set[str] = set()
    outer: set[str] = set()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                bound.add(node.name)
                continue
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp():
                continue
            case ast.GeneratorExp():
                continue
            case ast.Name(ctx=ast.Store() | ast.Del()):
                bound.add(node.id)
            case ast.alias():
                bound.add((node.asname or node.name).partition(".")[0])
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                bound.add(name)
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                bound.add(name)
            case ast.Global():
                outer.update(node.names)
        stack.extend(ast.iter_child_nodes(node))
    return bound - outer

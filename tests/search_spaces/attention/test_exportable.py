"""Attention is exported as source: its files lean on torch and on each other alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import search_spaces.attention

FILES = sorted(Path(search_spaces.attention.__path__[0]).glob("*.py"))
ALLOWED = {
    "__future__",
    "collections.abc",
    "math",
    "torch",
    "torch.nn",
    "torch.nn.functional",
    "typing",
}


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or ".")
    return names


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_imports_torch_and_siblings_alone(file: Path) -> None:
    others = imported(ast.parse(file.read_text())) - ALLOWED
    assert all(name.startswith("search_spaces.attention.") for name in others), others

import sys

import pytest

from nas.export.modules import Own, SourceError, parse
from nas.export.source import collect

FIRST = '''\
from __future__ import annotations

import math
from typing import Literal

import torch.nn as nn

from sample_src.second import Helper as H, scale

#: What may be said.
#: Two lines of it.
Word = Literal["a", "b"]
UNUSED = 1


def setup(n: int) -> int:
    """Twice."""
    return 2 * n


class Net(nn.Module):
    """Uses everything but one constant."""

    def __init__(self, word: Word) -> None:
        super().__init__()
        self.helper = H(setup(3))
        self.é, self.factor = scale(setup(1)), math.pi  # noqa: N806 - a letter of two bytes

    def setup(self) -> int:
        return self.helper.setup()
'''
SECOND = """\
from functools import lru_cache
from torch import nn


@lru_cache
def setup(n):
    return 3 * n


def scale(n: int, setup: int = 1) -> int:
    return n * setup


class Helper:
    def __init__(self, n: int) -> None:
        self.n = n

    def setup(self) -> int:
        return setup(self.n)


class Unused(nn.Module): ...
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "sample_src"
    folder.mkdir()
    (folder / "__init__.py").write_text("")

    def write(**files):
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text)

    yield write
    parse.cache_clear()
    for name in [n for n in sys.modules if n.startswith("sample_src")]:
        del sys.modules[name]


@pytest.fixture
def collected(package):
    package(first=FIRST, second=SECOND)
    return collect([Own("sample_src.first", "Net")])


def run(collected):
    scope = {}
    code = "\n".join(["from __future__ import annotations", *collected.imports, collected.code])
    exec(code, scope)
    return scope


def test_takes_what_is_used_and_leaves_the_rest(collected):
    names = ["Word", "setup", "Helper", "setup_first", "scale", "Net"]
    assert list(collected.names.values()) == names
    assert "UNUSED" not in collected.code and "Unused" not in collected.code


def test_two_definitions_of_one_name_stay_two(collected):
    scope = run(collected)
    net = scope["Net"]("a")
    assert net.helper.setup() == 3 * (2 * 3)
    assert net.é == 2


def test_names_bound_in_a_function_are_not_renamed(collected):
    assert "def scale(n: int, setup: int = 1)" in collected.code
    assert "return n * setup" in collected.code
    assert "def setup(self) -> int:" in collected.code


def test_imports_are_written_once_and_in_one_form(collected):
    assert sorted(collected.imports) == [
        "from functools import lru_cache",
        "from torch import nn",
        "from typing import Literal",
        "import math",
    ]


def test_keeps_comments_above_and_drops_notes_to_tools(collected):
    assert '#: What may be said.\n#: Two lines of it.\nWord = Literal["a", "b"]' in collected.code
    assert "noqa" not in collected.code


def test_reserved_names_are_given_to_the_caller(package):
    package(first=FIRST, second=SECOND)
    found = collect([Own("sample_src.first", "setup")], reserved=["setup"])
    assert found.names == {Own("sample_src.first", "setup"): "setup_first"}
    assert found.code.startswith("def setup_first(n: int)")


def test_what_calls_itself_is_taken_once(package):
    even, odd = "return n == 0 or odd(n - 1)", "return n and even(n - 1)"
    package(first=f"def even(n): {even}\ndef odd(n): {odd}\n")
    found = collect([Own("sample_src.first", "even")])
    assert sorted(found.names.values()) == ["even", "odd"]
    assert run(found)["even"](4)


def test_two_meanings_of_an_imported_name_are_refused(package):
    package(
        first="from math import sqrt\nfrom sample_src.second import g\ndef f(): g(sqrt(2))\n",
        second="from torch import sqrt\ndef g(x): return sqrt(x)\n",
    )
    with pytest.raises(SourceError, match=r"'sqrt' is both 'from .*' and 'from .*'"):
        collect([Own("sample_src.first", "f")])

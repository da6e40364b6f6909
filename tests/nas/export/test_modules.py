import ast
import sys

import pytest

from nas.export.modules import External, Own, SourceError, parse

SAMPLE = '''
"""Sample."""
from __future__ import annotations

import math
import torch.nn as nn
from torch.nn import functional as F
from sample_pkg.other import helper as h, gone

LIMIT: int = 3
width = 2


def f(): ...


class K: ...
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes modules of a package that nothing else knows."""
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "sample_pkg"
    folder.mkdir()
    (folder / "__init__.py").write_text("")

    def write(**files):
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text)

    yield write
    parse.cache_clear()
    for name in [n for n in sys.modules if n.startswith("sample_pkg")]:
        del sys.modules[name]


def test_knows_definitions_and_imports_without_running_them(package):
    package(one=SAMPLE + "\nraise SystemExit\n", other="def helper(): ...\n")
    module = parse("sample_pkg.one")
    assert list(module.definitions) == ["LIMIT", "width", "f", "K"]
    assert isinstance(module.definitions["K"], ast.ClassDef)
    assert module.resolve("math") == External("", "math", "math")
    assert module.resolve("nn") == External("torch", "nn", "nn")
    assert module.resolve("F") == External("torch.nn", "functional", "F")
    assert module.resolve("h") == Own("sample_pkg.other", "helper")
    assert module.resolve("f") == Own("sample_pkg.one", "f")
    assert module.resolve("len") is None


def test_refuses_names_that_nothing_defines(package):
    package(one=SAMPLE, other="if True:\n    gone = 1\n")
    with pytest.raises(SourceError, match=r"sample_pkg.other uses 'gone'"):
        parse("sample_pkg.one").resolve("gone")
    with pytest.raises(SourceError, match="'missing'"):
        parse("sample_pkg.one").resolve("missing")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import numpy as np", "imports numpy; an exported model may need torch"),
        ("from torchvision.ops import roi_align", "imports torchvision.ops"),
        ("from .other import helper", "relative import"),
    ],
)
def test_refuses_imports_that_a_plain_torch_program_has_not(package, code, says):
    package(one=code + "\n")
    with pytest.raises(SourceError, match=says):
        parse("sample_pkg.one")


def test_refuses_a_module_without_source():
    for name in ("no_such_module_anywhere", "math"):
        with pytest.raises(SourceError, match=f"{name} has no Python source"):
            parse(name)


@pytest.mark.parametrize(
    ("external", "text"),
    [
        (External("", "torch", "torch"), "import torch"),
        (External("", "collections.abc", "collections"), "import collections.abc"),
        (External("", "torch", "t"), "import torch as t"),
        (External("torch", "nn", "nn"), "from torch import nn"),
        (External("torch.nn", "functional", "F"), "from torch.nn import functional as F"),
    ],
)
def test_an_import_is_written_as_a_person_would(external, text):
    assert str(external) == text

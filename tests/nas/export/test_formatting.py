import sys

import pytest

from nas.export import formatting
from nas.export.formatting import formatted


def test_sorts_imports_and_lays_out_the_code():
    code = (
        "import torch\nimport math\nfrom torch import nn\nfrom torch import Tensor\nx = {'a':1}\n"
    )
    assert formatted(code) == (
        'import math\n\nimport torch\nfrom torch import Tensor, nn\n\nx = {"a": 1}\n'
    )


def test_lines_are_of_the_default_length_whatever_folder_it_runs_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ruff.toml").write_text("line-length = 40\n")
    line = f"value = [{', '.join(['100'] * 12)}]\n"
    assert formatted(line) == line
    assert formatted(line.replace("value", "v" * 80)).count("\n") > 10


def test_what_is_no_python_is_refused():
    with pytest.raises(RuntimeError, match=r"ruff \w+ failed"):
        formatted("def f(:\n")


def test_a_formatter_that_cannot_run_is_named(monkeypatch):
    monkeypatch.setattr(formatting, "_RUFF", (sys.executable, "-m", "no_such_module"))
    with pytest.raises(RuntimeError, match="no_such_module"):
        formatted("x = 1\n")

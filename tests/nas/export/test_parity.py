import re
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from nas.errors import ExportMismatch
from nas.export.bundle import write_model
from nas.export.parity import complaints, verify


def written(searched, folder):
    folder.mkdir()
    write_model(searched, "Sample.", folder)
    return folder


def changed(searched, weights):
    return replace(searched, weights={**searched.weights, **weights})


def importing(folder, package):
    path = folder / "model.py"
    code = path.read_text()
    assert "import torch\n" in code
    path.write_text(code.replace("import torch\n", f"import {package}\nimport torch\n", 1))


def test_every_difference_is_found_and_nothing_else(searched, tmp_path):
    bias = searched.weights["fc.bias"]
    empty = changed(searched, {"fc.bias": bias * float("nan")})
    exports = {
        "equal": (searched, written(searched, tmp_path / "equal")),
        "rounding": (
            changed(searched, {"fc.bias": bias * (1 + 1e-6)}),
            written(searched, tmp_path / "rounding"),
        ),
        "mean": (replace(searched, mean=(1.0,)), written(searched, tmp_path / "mean")),
        "no number": (empty, written(empty, tmp_path / "empty")),
        "stray": (searched, written(searched, tmp_path / "stray")),
        "one file": (searched, written(searched, tmp_path / "one")),
        "numpy": (searched, written(searched, tmp_path / "numpy")),
        "ours": (searched, written(searched, tmp_path / "ours")),
    }
    torch.save({**searched.weights, "stray": bias}, tmp_path / "stray" / "model.pt")
    save_file({**searched.weights, "fc.bias": bias + 1}, tmp_path / "one" / "model.safetensors")
    importing(tmp_path / "numpy", "numpy")
    importing(tmp_path / "ours", "search_spaces")
    found = dict(zip(exports, complaints(list(exports.values())), strict=True))
    assert found["equal"] == ""
    assert re.search(r"differs from the searched one by \d", found["rounding"])
    assert re.search(r"differs from the searched one by \d", found["mean"])
    assert "differs from the searched one by inf" in found["no number"]
    assert re.search(r"can't be used in a fresh process: .*stray", found["stray"], re.S)
    assert "differs from the searched one by 1" in found["one file"]
    assert "numpy is not there for an exported model" in found["numpy"]
    assert "search_spaces is not there for an exported model" in found["ours"]


def test_a_process_that_dies_or_hangs_is_no_success(searched, tmp_path):
    folder = written(searched, tmp_path / "dies")
    with pytest.raises(ExportMismatch, match=r"no answer from a fresh process in 0.01 s"):
        verify([(searched, folder)], timeout_seconds=0.01)
    code = (folder / "model.py").read_text()
    (folder / "model.py").write_text(code + "\nimport os\n\nos._exit(3)\n")
    with pytest.raises(ExportMismatch, match="status 3"):
        verify([(searched, folder)])

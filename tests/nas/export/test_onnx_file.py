import onnxruntime
import pytest
import torch

from nas.errors import ExportMismatch, UsageProblem
from nas.export import onnx_file
from nas.export.bundle import FILES, export
from nas.export.onnx_file import ONNX, check_onnx, write_onnx


def test_an_onnx_file_computes_what_the_network_does_for_any_batch(recorded, searched, tmp_path):
    recorded.add()
    result = export(recorded.store, "small", 0, tmp_path / "model", onnx=True)
    assert result.files == (*FILES, ONNX)
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(tmp_path / "model" / ONNX, providers=providers)
    shape = searched.shape
    images = torch.randn(5, shape.channels, shape.height, shape.width)
    (found,) = session.run(["logits"], {"images": images.numpy()})
    with torch.no_grad():
        expected = searched.module()(images)
    torch.testing.assert_close(torch.from_numpy(found), expected, rtol=1e-3, atol=1e-3)
    export(recorded.store, "small", 0, tmp_path / "model", force=True)
    assert not (tmp_path / "model" / ONNX).exists()


def test_an_onnx_file_that_computes_something_else_is_not_handed_out(
    searched, tmp_path, monkeypatch
):
    monkeypatch.setattr(onnx_file, "TOLERANCE", -1.0)
    with pytest.raises(ExportMismatch, match="outputs differ by"):
        write_onnx(searched, tmp_path)


def test_missing_packages_are_named_before_anything_is_written(monkeypatch, recorded, tmp_path):
    monkeypatch.setattr(onnx_file, "_NEEDED", ("onnx", "no_such_package"))
    with pytest.raises(UsageProblem, match=r"no_such_package.*\[onnx\]"):
        check_onnx()
    recorded.add()
    with pytest.raises(UsageProblem):
        export(recorded.store, "small", 0, tmp_path / "model", onnx=True)
    assert not (tmp_path / "model").exists()

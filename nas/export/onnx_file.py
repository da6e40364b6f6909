"""The exported network as an ONNX file, for whoever asks; PyTorch's own exporter writes it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from nas.errors import ExportMismatch, UsageProblem
from nas.export.searched import SearchedModel

#: Of the file in an export's folder.
ONNX = "model.onnx"

#: What outputs may differ by: another runtime adds up in another order.
TOLERANCE = 1e-3

_NEEDED = ("onnx", "onnxscript")


def check_onnx() -> None:
    """Refuse before anything is written where the exporter's packages are missing.

    Raises:
        UsageProblem: naming them.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UsageProblem(
            f"an ONNX file takes the packages {' and '.join(missing)}: "
            "pip install 'attention-placement-nas[onnx]'"
        )


def write_onnx(model: SearchedModel, folder: Path) -> None:
    """Write the network: from (B, C, H, W) as ``preprocess`` gives it to logits, B free.

    Where onnxruntime is installed, it must compute what the searched network does.

    Raises:
        ExportMismatch: if it doesn't.
    """
    module, shape = model.module(), model.shape
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(3, shape.channels, shape.height, shape.width, generator=generator)
    program: Any = torch.onnx.export(
        module,
        (images,),
        dynamo=True,
        verbose=False,
        input_names=["images"],
        output_names=["logits"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
    )
    program.save(str(folder / ONNX))
    if find_spec("onnxruntime") is None:
        return
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / ONNX, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"images": images[:2].numpy()})
    with torch.no_grad():
        expected = module(images[:2])
    apart = float((torch.from_numpy(found) - expected).abs().max())
    if not apart <= TOLERANCE * max(1.0, float(expected.abs().max())):
        raise ExportMismatch(f"the ONNX file's outputs differ by {apart:.2g} from the model's")

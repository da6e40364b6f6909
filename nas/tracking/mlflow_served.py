"""An exported model behind MLflow's interface; this file is copied into the MLflow model.

It runs where MLflow loads the model, so it needs nothing but what is installed there: MLflow, the
packages of the model's ``requirements.txt``, and the files beside it.
"""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel
from safetensors.torch import load_file


class Exported(PythonModel):  # type: ignore[misc]
    """The network of ``model.py`` with the weights of ``model.safetensors``, on the CPU."""

    def load_context(self, context: Any) -> None:
        """Import the code, which was logged as the artifact ``export``, and load the weights."""
        folder = Path(context.artifacts["export"])
        found = spec_from_file_location("model", folder / "model.py")
        assert found is not None and found.loader is not None
        self._code = module_from_spec(found)  # two models of one process don't share a name
        found.loader.exec_module(self._code)
        self._model = self._code.build_model()
        self._model.load_state_dict(load_file(folder / "model.safetensors"))
        self._model.eval()

    # The signature says what images are; MLflow would ask for type hints that say it again.
    _skip_type_hint_validation = True

    def predict(self, context, model_input, params=None):  # type: ignore # noqa: ANN001, ANN201
        """Logits (B, classes) for images (B, C, H, W) with values 0 to 255."""
        images = torch.from_numpy(np.ascontiguousarray(model_input))
        with torch.no_grad():
            return self._model(self._code.preprocess(images)).numpy()


set_model(Exported())

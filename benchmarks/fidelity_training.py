"""Training of the fidelity benchmark: one run, evaluated twice at every rung."""

from __future__ import annotations

from dataclasses import replace

from search_spaces.architecture import Architecture
from search_spaces.build import build
from workers.data import load
from workers.datasets import DataSpec
from workers.device import Numerics, reproducible, resolve_device
from workers.evaluate import recalibrated, score
from workers.loop import begin, train_epoch
from workers.protocol import Segment
from workers.recipe import Recipe

#: Accuracy by rung.
Curve = dict[int, float]


class Trainer:
    """Trains architectures on one choice of FashionMNIST's images, half held out."""

    def __init__(self, root: str, images: int, rungs: tuple[int, ...]) -> None:
        self._spec = DataSpec("fashion_mnist", root, train_images=images, validation=0.5)
        self._data = load(self._spec)
        self._rungs = rungs

    def train(
        self, architecture: Architecture, restarts: tuple[int, ...], seed: int = 0
    ) -> tuple[Curve, Curve]:
        """Accuracies at the rungs: of the model as it stands, and recalibrated."""
        recipe = Recipe(epochs=self._rungs[-1], restarts=restarts)
        segment = Segment(
            "fidelity", architecture.to_json(), recipe, self._spec, seed,
            0, recipe.epochs, None, "", "cpu",
        )  # fmt: skip
        device = resolve_device("cpu")
        numerics = Numerics.of(recipe, device)
        plain, remedied = Curve(), Curve()
        with reproducible(device):
            training = begin(segment, self._data, numerics, build)
            for epoch in range(1, recipe.epochs + 1):
                train_epoch(training)
                if epoch not in self._rungs:
                    continue
                for curve, wanted in ((plain, False), (remedied, True)):
                    asked = replace(recipe, recalibrate_batch_norm=wanted)
                    twin = recalibrated(training.model, self._data, asked, numerics)
                    curve[epoch] = score(twin, self._data.validation, self._data, numerics).accuracy
        return plain, remedied

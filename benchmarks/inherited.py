"""How well scores on inherited weights predict full training, beside early rungs.

    python benchmarks/inherited.py [--architectures 36] [--images 4000] [--root ../shared/data]

The architectures, the data and the full trainings are those of ``fidelity.py`` (whole schedule,
recalibrated, seed 0; its ``--keep`` file is read and completed). Beside them the plain backbones
are trained once, and every other architecture is scored on their frozen weights after 0, 1 and 2
epochs of the inserted parts alone; after 0 it is the accuracy of its backbone.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from fidelity import RUNGS, arguments, draw, estimate, measure
from tables import write_table

from nas.analysis.fidelity import rank_agreement
from search_spaces.architecture import Architecture
from workers.data import load
from workers.datasets import DataSpec
from workers.inherit import score_inherited
from workers.protocol import Inheritance, Segment
from workers.recipe import Recipe
from workers.threads import cap_threads
from workers.train import train_segment

EPOCHS = (0, 1, 2)


class Scorer:
    """Trains each plain backbone once, and scores what stands on it."""

    def __init__(self, root: str, images: int, folder: Path) -> None:
        self._spec = DataSpec("fashion_mnist", root, train_images=images, validation=0.5)
        self._data = load(self._spec)
        self._recipe = Recipe(epochs=RUNGS[-1])
        self._folder = folder

    def score(self, architecture: Architecture, epochs: int) -> float:
        """Accuracy after so many epochs of the inserted parts."""
        path = self._backbone(Architecture.of(architecture.backbone))
        task = Inheritance(
            "0:0", architecture.to_json(), self._recipe, self._spec, 0, epochs, path, "cpu"
        )
        report = score_inherited(task, self._data)
        assert report.outcome == "ok", report.reason
        return report.validation_accuracy

    def _backbone(self, plain: Architecture) -> str:
        path = self._folder / f"{plain.hash}.pt"
        if not path.exists():
            segment = Segment(
                "0:0", plain.to_json(), self._recipe, self._spec, 0,
                0, self._recipe.epochs, None, str(path), "cpu",
            )  # fmt: skip
            assert train_segment(segment, self._data).outcome == "ok"
        return str(path)


def within(early: Sequence[float], late: Sequence[float], groups: Sequence[str]) -> float:
    """Kendall's tau over pairs of one group."""
    first, second = (np.sign(np.subtract.outer(x, x)) for x in (early, late))
    same = np.equal.outer(np.array(groups), np.array(groups))
    untied = np.sqrt(np.abs(first)[same].sum() * np.abs(second)[same].sum())
    return float((first * second)[same].sum() / untied) if untied else float("nan")


def main() -> None:
    given = arguments()
    cap_threads(1)
    curves = [found["whole recalibrated"] for found in measure(given)]
    pairs = [(a, c) for a, c in zip(draw(given.architectures), curves, strict=True) if a.attention]
    late = [curve[RUNGS[-1]] for _, curve in pairs]
    groups = [str(architecture.backbone) for architecture, _ in pairs]
    early = {f"{rung} from scratch": [curve[rung] for _, curve in pairs] for rung in RUNGS[:-1]}
    with tempfile.TemporaryDirectory() as folder:
        scorer = Scorer(given.root, given.images, Path(folder))
        for epochs in EPOCHS:
            early[f"{epochs} on inherited weights"] = [scorer.score(a, epochs) for a, _ in pairs]
            sys.stderr.write(f"scored after {epochs} epochs\n")
    rows = []
    for name, values in early.items():
        tau, _ = rank_agreement(np.array(values), np.array(late))
        inside = within(values, late, groups)
        rows.append([name, estimate(tau), "–" if np.isnan(inside) else f"{inside:.2f}"])
    write_table(
        "inherited" if given.name == "fidelity" else given.name,
        "How well scores on inherited weights predict full training",
        ["epochs", "Kendall's tau (95 %)", "within one backbone"],
        rows,
        f"python benchmarks/inherited.py --architectures {given.architectures} "
        f"--images {given.images}",
        [
            "Rank correlation with the validation accuracy after "
            f"{RUNGS[-1]} epochs from scratch, over {len(pairs)} uniformly drawn architectures "
            "with attention (space, data and seed of `fidelity.py`), and over pairs of them on "
            "one backbone. 0 epochs on inherited weights is the accuracy of the backbone: all "
            "that it says is how wide it is.",
        ],
    )


if __name__ == "__main__":
    main()

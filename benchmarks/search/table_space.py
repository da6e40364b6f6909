"""The space, data and recipe of our table, and reading it: no torch."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path

from search_spaces.architecture import Architecture, TaskShape
from search_spaces.space import SearchSpace
from workers.datasets import DataSpec
from workers.recipe import Recipe

TABLE = Path(__file__).with_name("table.csv")
RUNGS = (1, 2, 4, 8)
RECIPE = Recipe(
    epochs=RUNGS[-1],
    batch_size=100,
    learning_rate=0.3,
    channels_last="off",
    augmentation="none",
    precision="float32",
    recalibration_batches=4,
)
TYPES = {
    "none": None,
    "se": {"ratio": [2, 4], "positions": "pre_add"},
    "cbam": {"ratio": 2, "kernel_size": 3, "positions": ["pre_add", "post_add"]},
    "bam": {"ratio": 2, "dilation": 1, "positions": "stage_end"},
}
#: Of images that were halved in both directions, so that a training takes about a second.
SHAPE = TaskShape(1, 14, 14, 10)
#: Trained to the end before any of ``MORE_WIDTHS`` is begun.
WIDTHS, MORE_WIDTHS = (4, 5, 6, 8, 10), (7, 12)


def data(root: str) -> DataSpec:
    """600 images of FashionMNIST to train on, 1,600 to validate on, 2,500 to test on."""
    return DataSpec("fashion_mnist", root=root, fraction=2200 / 60_000, validation=8 / 11)


@cache
def space(widths: Sequence[int] = WIDTHS) -> SearchSpace:
    """6 choices at each of three stages, and the width: 216 architectures for each width."""
    return SearchSpace.from_dict(
        {
            "backbone": {
                "name": "cifar_resnet",
                "depth": 8,
                "width": list(widths),
                "stem_stride": 2,
            },
            "attention": [{"stages": "all", "types": TYPES}],
        }
    )


@dataclass(frozen=True)
class Row:
    """One training.

    Attributes:
        seed: of weights and data order.
        parameters: exact; flops: of one image's forward pass.
        right_1 … right_8: validation images (of 1,600) right after so many epochs.
        right_test: of 2,500 test images, after the last epoch.
        seconds: of training alone.
    """

    width: int
    stage1: str
    stage2: str
    stage3: str
    seed: int
    parameters: int
    flops: int
    right_1: int
    right_2: int
    right_4: int
    right_8: int
    right_test: int
    seconds: float

    @property
    def architecture(self) -> tuple[int, str, str, str]:
        """What was trained, without the seed."""
        return self.width, self.stage1, self.stage2, self.stage3

    @property
    def rights(self) -> tuple[int, ...]:
        """In the order of ``RUNGS``."""
        return self.right_1, self.right_2, self.right_4, self.right_8


#: Images that ``right_1`` … and ``right_test`` are out of.
VALIDATION, TEST = 1600, 2500


def name_of(architecture: Architecture) -> tuple[int, str, str, str]:
    """``(8, "none", "se/4", "cbam/pre_add")``: as in the file."""
    return named(space(WIDTHS + MORE_WIDTHS).params_of(architecture))


def named(params: Mapping[str, object]) -> tuple[int, str, str, str]:
    """The name of the architecture with these parameters."""
    stages = [_stage(params, f"stage{n}") for n in (1, 2, 3)]
    return int(str(params["backbone.width"])), stages[0], stages[1], stages[2]


def _stage(params: Mapping[str, object], stage: str) -> str:
    kind = str(params[f"{stage}.type"])
    axis = {"se": "ratio", "cbam": "position"}.get(kind)
    return f"{kind}/{params[f'{stage}.{kind}.{axis}']}" if axis else kind


def read(path: Path = TABLE) -> list[Row]:
    """The trainings of a table; a last line that a kill left unfinished is skipped."""
    kinds = {f.name: {"int": int, "str": str, "float": float}[str(f.type)] for f in fields(Row)}
    rows = []
    with path.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            if all(line.get(name) for name in kinds):
                rows.append(Row(**{name: kind(line[name]) for name, kind in kinds.items()}))
    return rows


def write(path: Path, rows: Iterable[Row]) -> None:
    """A whole table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([f.name for f in fields(Row)])
        writer.writerows(astuple(row) for row in rows)

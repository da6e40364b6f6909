"""The data sets by name, with what is known before loading. No torch import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from search_spaces.architecture import TaskShape


@dataclass(frozen=True)
class DatasetInfo:
    """One row of the table.

    Attributes:
        shape: image and class count; None where only the files tell (image folders).
        augmentation: what the recipe's ``auto`` means here.
        needs_root: whether a folder must be named.
        torchvision: the class in ``torchvision.datasets``; empty for our own loaders.
    """

    shape: TaskShape | None
    augmentation: Literal["none", "crop", "crop_flip"]
    needs_root: bool = True
    torchvision: str = ""


DATASETS: dict[str, DatasetInfo] = {
    "digits": DatasetInfo(TaskShape(1, 8, 8, 10), "crop", needs_root=False),
    "mnist": DatasetInfo(TaskShape(1, 28, 28, 10), "crop", torchvision="MNIST"),
    "fashion_mnist": DatasetInfo(TaskShape(1, 28, 28, 10), "crop_flip", torchvision="FashionMNIST"),
    "cifar10": DatasetInfo(TaskShape(3, 32, 32, 10), "crop_flip", torchvision="CIFAR10"),
    "cifar100": DatasetInfo(TaskShape(3, 32, 32, 100), "crop_flip", torchvision="CIFAR100"),
    "svhn": DatasetInfo(TaskShape(3, 32, 32, 10), "crop", torchvision="SVHN"),
    "image_folder": DatasetInfo(None, "crop_flip"),
}


@dataclass(frozen=True)
class DataSpec:
    """Which images, and how they are split; the split depends on ``split_seed`` alone.

    Attributes:
        name: a key of ``DATASETS``.
        root: the folder that torchvision's class takes, or that holds ``train/`` and ``test/``
            (or ``val/``) of class folders for ``image_folder``; empty for ``digits``.
        download: fetch what is missing (torchvision sets only).
        fraction: share of the training images that is used at all, in (0, 1].
        train_images: use exactly this many training images instead of a share; 0: by ``fraction``.
        validation: share of the used training images held out for the search.
        image_size: side in pixels that image folders are resized to.
        split_seed: of the subset and the split.
    """

    name: str = "digits"
    root: str = ""
    download: bool = False
    fraction: float = 1.0
    train_images: int = 0
    validation: float = 0.2
    image_size: int = 64
    split_seed: int = 0

"""What files a data set needs, and a cheap look whether they are there. No torch import."""

from __future__ import annotations

import math
import struct
from pathlib import Path

from search_spaces.architecture import TaskShape
from search_spaces.errors import unknown
from workers.datasets import DATASETS, DataSpec
from workers.errors import DataError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".ppm", ".pgm", ".tif", ".tiff")

_IDX = tuple(
    f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
)

#: The files of torchvision's layout below the root folder.
FILES: dict[str, tuple[str, ...]] = {
    "mnist": tuple(f"MNIST/raw/{name}" for name in _IDX),
    "fashion_mnist": tuple(f"FashionMNIST/raw/{name}" for name in _IDX),
    "cifar10": tuple(
        f"cifar-10-batches-py/{name}"
        for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta")
    ),
    "cifar100": tuple(f"cifar-100-python/{name}" for name in ("train", "test", "meta")),
    "svhn": ("train_32x32.mat", "test_32x32.mat"),
}


def check(spec: DataSpec) -> None:
    """Look for missing or truncated files without loading them.

    Raises:
        DataError: naming the data set or the file, what is wrong and how to get it.
    """
    if spec.name not in DATASETS:
        raise DataError(unknown("data set", spec.name, DATASETS))
    if not DATASETS[spec.name].needs_root:
        return
    if not spec.root:
        raise DataError(f"data.root is empty, but {spec.name} needs a folder; {remedy(spec)}")
    if spec.name == "image_folder":
        class_folders(spec)
    elif not spec.download:
        _check_files(spec)


def data_shape(spec: DataSpec) -> TaskShape:
    """Image shape and class count, without loading an image; image folders are counted.

    Raises:
        DataError: for an unknown data set or a folder without classes.
    """
    if spec.name not in DATASETS:
        raise DataError(unknown("data set", spec.name, DATASETS))
    shape = DATASETS[spec.name].shape
    if shape is not None:
        return shape
    check(spec)
    return TaskShape(3, spec.image_size, spec.image_size, len(class_folders(spec)))


def remedy(spec: DataSpec) -> str:
    """How to get the files, as the end of a message."""
    if spec.name == "image_folder":
        return "put one folder of images a class below train/ and below test/ (or val/)"
    first = FILES[spec.name][0]
    return f"set data.root to the folder that holds {first}, or data.download: true to fetch it"


def class_folders(spec: DataSpec) -> tuple[str, ...]:
    """The class names of an image folder, sorted: equal below ``train/`` and the test folder.

    Raises:
        DataError: if a folder is missing, empty or the classes differ.
    """
    train = _folders(Path(spec.root) / "train", spec)
    held_out = evaluation_folder(spec)
    test = _folders(held_out, spec)
    if train != test:
        differing = ", ".join(sorted(set(train) ^ set(test)))
        raise DataError(f"{spec.root}: train/ and {held_out.name}/ differ in classes: {differing}")
    if len(train) < 2:
        raise DataError(
            f"{spec.root}/train has {len(train)} class folder(s); at least 2 are needed"
        )
    return train


def evaluation_folder(spec: DataSpec) -> Path:
    """``test/``, or ``val/`` where there is no ``test/``."""
    root = Path(spec.root)
    return root / "test" if (root / "test").is_dir() else root / "val"


def image_files(folder: Path) -> list[Path]:
    """The images directly in a class folder, sorted."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)


def _folders(parent: Path, spec: DataSpec) -> tuple[str, ...]:
    if not parent.is_dir():
        missing = parent.parent / "test" if parent.name == "val" else parent
        raise DataError(f"{missing} is not a folder; {remedy(spec)}")
    found = tuple(sorted(path.name for path in parent.iterdir() if path.is_dir()))
    for name in found:
        if not image_files(parent / name):
            raise DataError(f"{parent / name} holds no image ({', '.join(IMAGE_SUFFIXES)})")
    return found


def _check_files(spec: DataSpec) -> None:
    for name in FILES[spec.name]:
        path = Path(spec.root) / name
        if not path.is_file():
            raise DataError(
                f"{spec.name} is not below {spec.root}: {path} is missing; {remedy(spec)}"
            )
        if path.stat().st_size == 0 or (name.endswith("ubyte") and not _idx_is_whole(path)):
            raise DataError(f"{path} is truncated or damaged; delete it, then {remedy(spec)}")


def _idx_is_whole(path: Path) -> bool:
    """Whether an IDX file of bytes has the size that its header promises."""
    with path.open("rb") as file:
        head = file.read(4)
        if len(head) < 4 or head[:3] != b"\0\0\x08":
            return False
        sizes = file.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        return False
    promised = math.prod(struct.unpack(f">{head[3]}I", sizes))
    return bool(path.stat().st_size == 4 + len(sizes) + promised)

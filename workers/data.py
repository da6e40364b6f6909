"""Load a data set into its three parts; a search sees only train and validation."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from search_spaces.architecture import TaskShape
from workers.datasets import DATASETS, DataSpec
from workers.errors import DataError
from workers.parts import FilePart, MemoryPart, Part, read_image
from workers.sources import (
    check,
    class_folders,
    data_shape,
    evaluation_folder,
    image_files,
    remedy,
)
from workers.split import split, stratified

__all__ = ["ImageData", "data_shape", "load"]

#: Image folders up to this many bytes of pixels are held in memory, larger ones read by batch.
MEMORY_LIMIT = 2 * 1024**3

#: Images read for mean and deviation where they are not in memory.
MOMENT_FILES = 2048


@dataclass(frozen=True, eq=False)
class ImageData:
    """A data set, split.

    Attributes:
        train: the images to train on; validation: what the search ranks by; test: for afterwards.
        shape: of one image, and the class count.
        mean: of each channel over ``train``, on the scale 0…255; std: its standard deviation.
        data_hash: of the bytes of all three parts, hence of the split too.
    """

    spec: DataSpec
    train: Part
    validation: Part
    test: Part
    shape: TaskShape
    mean: tuple[float, ...]
    std: tuple[float, ...]
    data_hash: str

    def to(self, device: torch.device) -> ImageData:
        """The same data, held on the device where it is held in memory at all."""
        return replace(
            self,
            train=self.train.to(device),
            validation=self.validation.to(device),
            test=self.test.to(device),
        )


def load(spec: DataSpec) -> ImageData:
    """Read the images, take the asked subset and split it.

    Raises:
        DataError: for a missing or damaged folder, or too few images; says how to mend it.
    """
    check(spec)
    if spec.name == "digits":
        train, test = _digits()
    elif spec.name == "image_folder":
        train, test = _image_folder(spec)
    else:
        train, test = _torchvision(spec)
    return assemble(spec, train, test)


def assemble(spec: DataSpec, train: Part, test: Part) -> ImageData:
    """Split the training images and measure what normalisation needs.

    Raises:
        DataError: if the split would leave a part empty.
    """
    index, held_out = split(train.labels, spec)
    parts = train.select(index), train.select(held_out), test
    mean, std = _moments(parts[0])
    return ImageData(spec, *parts, data_shape(spec), mean, std, _hash(spec, parts))


def _digits() -> tuple[Part, Part]:
    """Scikit-learn's 1,797 digits, 0…16 stretched to 0…255; a fixed fifth is the test set."""
    from sklearn.datasets import load_digits

    raw = load_digits()
    images = torch.from_numpy(raw.images).mul(255 / 16).round().to(torch.uint8)[:, None]
    labels = torch.from_numpy(raw.target).to(torch.int64)
    test, train = stratified(labels, round(len(labels) * 0.2), seed=0)
    everything = MemoryPart(images, labels)
    return everything.select(train), everything.select(test)


def _torchvision(spec: DataSpec) -> tuple[Part, Part]:
    with _one_download(spec):
        try:
            return _torchvision_part(spec, train=True), _torchvision_part(spec, train=False)
        except Exception as error:
            text = " ".join(str(error).split())
            raise DataError(
                f"{spec.name} can't be loaded from {spec.root}: {text}; {remedy(spec)}"
            ) from None


def _torchvision_part(spec: DataSpec, train: bool) -> Part:
    import torchvision

    kind = getattr(torchvision.datasets, DATASETS[spec.name].torchvision)
    which: dict[str, Any] = {"train": train}
    if spec.name == "svhn":
        which = {"split": "train" if train else "test"}
    raw = kind(spec.root, download=spec.download, **which)
    images = torch.as_tensor(raw.data)
    if images.ndim == 3:
        images = images[:, None]
    elif images.shape[-1] == 3:
        images = images.permute(0, 3, 1, 2)
    labels = raw.labels if spec.name == "svhn" else raw.targets
    return MemoryPart(images.contiguous(), torch.as_tensor(labels, dtype=torch.int64))


@contextmanager
def _one_download(spec: DataSpec) -> Iterator[None]:
    """Let one process fetch while the others wait, since torchvision writes in place."""
    if not spec.download:
        yield
        return
    try:
        Path(spec.root).mkdir(parents=True, exist_ok=True)
        lock = (Path(spec.root) / f".{spec.name}.lock").open("w")
    except OSError as error:
        raise DataError(f"data.root {spec.root} can't be written: {error.strerror}") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _image_folder(spec: DataSpec) -> tuple[Part, Part]:
    classes = class_folders(spec)
    parts = [
        _files(folder, classes, spec)
        for folder in (Path(spec.root) / "train", evaluation_folder(spec))
    ]
    pixels = sum(len(part) for part in parts) * 3 * spec.image_size**2
    if pixels > MEMORY_LIMIT:
        return parts[0], parts[1]
    return _in_memory(parts[0]), _in_memory(parts[1])


def _files(folder: Path, classes: tuple[str, ...], spec: DataSpec) -> FilePart:
    found = [(path, i) for i, name in enumerate(classes) for path in image_files(folder / name)]
    labels = torch.tensor([label for _, label in found], dtype=torch.int64)
    return FilePart(tuple(path for path, _ in found), labels, spec.image_size)


def _in_memory(part: FilePart) -> MemoryPart:
    return MemoryPart(
        torch.stack([read_image(path, part.size) for path in part.paths]), part.labels
    )


def _moments(train: Part) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each channel; a constant channel gets deviation 1."""
    order = torch.arange(len(train))
    if isinstance(train, FilePart):
        order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))[
            :MOMENT_FILES
        ]
    total, squares, count = torch.zeros(1), torch.zeros(1), 0
    for images, _ in train.batches(order, 1024):
        pixels = images.double().transpose(0, 1).flatten(1)
        total, squares = total + pixels.sum(1), squares + pixels.square().sum(1)
        count += pixels.shape[1]
    mean = total / count
    std = (squares / count - mean.square()).clamp(min=0).sqrt()
    std[std == 0] = 1.0
    return tuple(mean.tolist()), tuple(std.tolist())


def _hash(spec: DataSpec, parts: tuple[Part, ...]) -> str:
    digest = hashlib.sha256(spec.name.encode())
    for part in parts:
        for chunk in part.contents():
            digest.update(chunk)
    return digest.hexdigest()[:16]

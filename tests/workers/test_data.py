import gzip
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from search_spaces.architecture import TaskShape
from workers import data as data_module
from workers.data import load
from workers.datasets import DataSpec
from workers.errors import DataError
from workers.parts import FilePart, MemoryPart


def fashion(root, train=60, test=20):
    """Random images in torchvision's layout."""
    raw = root / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    noise = np.random.default_rng(0)
    for part, count in (("train", train), ("t10k", test)):
        head = bytes([0, 0, 8, 3]) + np.array([count, 28, 28], ">u4").tobytes()
        images = noise.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        labels = np.arange(count, dtype=np.uint8) % 10
        head = bytes([0, 0, 8, 1]) + np.array([count], ">u4").tobytes()
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())
    return raw


def folder(root, images=6, size=12):
    noise = np.random.default_rng(0)
    for part in ("train", "val"):
        for name in ("cat", "dog"):
            (root / part / name).mkdir(parents=True)
            for number in range(images):
                pixels = noise.integers(0, 256, (size, size, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(root / part / name / f"{number}.png")


def test_digits_are_real_stretched_and_split():
    data = load(DataSpec())
    assert data.shape == TaskShape(1, 8, 8, 10)
    assert (len(data.train), len(data.validation), len(data.test)) == (1150, 288, 359)
    assert data.train.images.dtype == torch.uint8
    assert int(data.train.images.max()) == 255
    mean = data.train.images.double().mean().item()
    assert data.mean == pytest.approx((mean,))
    assert data.std == pytest.approx((data.train.images.double().std(correction=0).item(),))


def test_parts_share_no_image():
    data = load(DataSpec())
    everything = torch.cat([data.train.images, data.validation.images, data.test.images])
    assert len(torch.unique(everything.flatten(1), dim=0)) == 1797


def test_test_images_stay_whatever_the_split():
    one, other = load(DataSpec(split_seed=1)), load(DataSpec(split_seed=2, train_images=100))
    assert torch.equal(one.test.images, other.test.images)
    assert len(other.train) + len(other.validation) == 100


def test_the_hash_tells_data_apart_and_is_stable():
    spec = DataSpec(train_images=100)
    changed = [replace(spec, split_seed=1), replace(spec, train_images=101)]
    hashes = {load(s).data_hash for s in (spec, replace(spec, validation=0.3), *changed)}
    assert len(hashes) == 4
    assert load(spec).data_hash == "9434c1fec3f0280b"


def test_torchvision_sets_are_read_by_root(tmp_path):
    fashion(tmp_path)
    data = load(DataSpec("fashion_mnist", str(tmp_path)))
    assert (len(data.train), len(data.validation), len(data.test)) == (48, 12, 20)
    assert data.train.images.shape == (48, 1, 28, 28)
    assert set(data.train.labels.bincount().tolist()) == {4, 5}


def cifar_like(kind):
    class Fake:
        def __init__(self, root, download, **which):
            assert which in (
                {"train": True},
                {"train": False},
                {"split": "train"},
                {"split": "test"},
            )
            shape = (40, 3, 32, 32) if kind == "svhn" else (40, 32, 32, 3)
            self.data = np.zeros(shape, np.uint8)
            self.targets = self.labels = (np.arange(40) % 10).tolist()

    return Fake


@pytest.mark.parametrize(("name", "attribute"), [("cifar10", "CIFAR10"), ("svhn", "SVHN")])
def test_channels_come_first_whatever_the_set_holds(monkeypatch, tmp_path, name, attribute):
    import torchvision

    monkeypatch.setattr(torchvision.datasets, attribute, cifar_like(name))
    data = load(DataSpec(name, str(tmp_path), download=True))
    assert data.train.images.shape == (32, 3, 32, 32)
    assert data.std == (1.0, 1.0, 1.0)


def test_corrupt_files_are_a_data_error_without_a_cause(tmp_path):
    batches = tmp_path / "cifar-10-batches-py"
    batches.mkdir()
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta"):
        (batches / name).write_bytes(pickle.dumps({}))
    with pytest.raises(
        DataError, match=r"cifar10 can't be loaded from.*data.download: true"
    ) as caught:
        load(DataSpec("cifar10", str(tmp_path)))
    assert caught.value.__cause__ is None
    assert "\n" not in str(caught.value)


def test_a_download_into_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(gzip.compress(b""))
    with pytest.raises(DataError, match="can't be written"):
        load(DataSpec("mnist", str(tmp_path / "file"), download=True))


def test_image_folders_are_resized_and_held_in_memory(tmp_path):
    folder(tmp_path)
    data = load(DataSpec("image_folder", str(tmp_path), image_size=8, validation=0.25))
    assert isinstance(data.train, MemoryPart)
    assert data.shape == TaskShape(3, 8, 8, 2)
    assert (len(data.train), len(data.validation), len(data.test)) == (9, 3, 12)


def test_large_image_folders_are_read_by_batch_with_the_same_pixels(tmp_path, monkeypatch):
    folder(tmp_path)
    spec = DataSpec("image_folder", str(tmp_path), image_size=8)
    held = load(spec)
    monkeypatch.setattr(data_module, "MEMORY_LIMIT", 1000)
    read = load(spec)
    assert isinstance(read.train, FilePart)
    assert read.mean == pytest.approx(held.mean)
    order = torch.tensor([3, 1, 2])
    pairs = zip(read.train.batches(order, 2), held.train.batches(order, 2), strict=True)
    for (images, labels), (expected, expected_labels) in pairs:
        assert torch.equal(images, expected)
        assert torch.equal(labels, expected_labels)

import struct
import subprocess
import sys

import pytest
from PIL import Image

from search_spaces.architecture import TaskShape
from workers.datasets import DATASETS, DataSpec
from workers.errors import DataError
from workers.sources import FILES, check, class_folders, data_shape


def idx(path, *sizes, short=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    total = 1
    for size in sizes:
        total *= size
    head = bytes([0, 0, 8, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)
    path.write_bytes(head + bytes(total - short))


def mnist(root, short=0):
    raw = root / "MNIST" / "raw"
    for part, count in (("train", 30), ("t10k", 20)):
        idx(raw / f"{part}-images-idx3-ubyte", count, 28, 28, short=short)
        idx(raw / f"{part}-labels-idx1-ubyte", count)


def folder(root, classes=("cat", "dog"), held_out="test"):
    for part in ("train", held_out):
        for name in classes:
            (root / part / name).mkdir(parents=True)
            Image.new("RGB", (9, 7)).save(root / part / name / "a.png")


def test_every_set_of_torchvision_has_its_files_listed():
    assert set(FILES) == {name for name, info in DATASETS.items() if info.torchvision}


def test_whole_files_pass(tmp_path):
    mnist(tmp_path)
    check(DataSpec("mnist", str(tmp_path)))


@pytest.mark.parametrize("short", [1, 28 * 28 * 20])
def test_a_truncated_file_is_named(tmp_path, short):
    mnist(tmp_path, short)
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte is truncated.*data\.download"):
        check(DataSpec("mnist", str(tmp_path)))


@pytest.mark.parametrize("head", [b"", b"\0\0", b"\0\0\x08\x03\0\0", b"<html>not found</html>"])
def test_a_file_that_is_no_idx_at_all_is_named(tmp_path, head):
    mnist(tmp_path)
    (tmp_path / "MNIST/raw/t10k-labels-idx1-ubyte").write_bytes(head)
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte is truncated"):
        check(DataSpec("mnist", str(tmp_path)))


@pytest.mark.parametrize("name", FILES)
def test_a_missing_root_says_what_is_expected_and_how_to_get_it(tmp_path, name):
    with pytest.raises(DataError) as caught:
        check(DataSpec(name, str(tmp_path / "nowhere")))
    for part in (name, "nowhere", FILES[name][0], "data.download: true"):
        assert part in str(caught.value)


def test_no_root_and_a_misspelt_name_are_refused():
    with pytest.raises(DataError, match=r"data.root is empty, but cifar10 needs"):
        check(DataSpec("cifar10"))
    with pytest.raises(DataError, match="did you mean 'cifar10'"):
        check(DataSpec("cifar_10"))


def test_what_will_be_downloaded_need_not_be_there(tmp_path):
    check(DataSpec("cifar10", str(tmp_path), download=True))


@pytest.mark.parametrize("held_out", ["test", "val"])
def test_image_folders_count_their_classes(tmp_path, held_out):
    folder(tmp_path, ("cat", "dog", "emu"), held_out)
    spec = DataSpec("image_folder", str(tmp_path), image_size=16)
    assert data_shape(spec) == TaskShape(3, 16, 16, 3)
    assert class_folders(spec) == ("cat", "dog", "emu")


def test_a_known_shape_needs_no_files():
    assert data_shape(DataSpec("cifar100", "/nowhere")) == TaskShape(3, 32, 32, 100)


def test_broken_image_folders_say_why(tmp_path):
    spec = DataSpec("image_folder", str(tmp_path))
    with pytest.raises(DataError, match="train is not a folder; put one folder of images"):
        check(spec)
    folder(tmp_path)
    (tmp_path / "train" / "emu").mkdir()
    with pytest.raises(DataError, match="emu holds no image"):
        check(spec)
    Image.new("RGB", (4, 4)).save(tmp_path / "train" / "emu" / "a.png")
    with pytest.raises(DataError, match="differ in classes: emu"):
        check(spec)


def test_one_class_is_too_few(tmp_path):
    folder(tmp_path, ("cat",))
    with pytest.raises(DataError, match="1 class folder"):
        check(DataSpec("image_folder", str(tmp_path)))


def test_looking_loads_no_torch():
    code = "import sys, workers.sources; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)

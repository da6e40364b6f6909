"""One contract for every place of checkpoints: a folder, memory, S3, and what has no whole put."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest

from tests.workers.moto_s3 import moto_server, new_bucket
from workers.errors import NoRoom, StorageError
from workers.local_storage import LocalStorage, link, refusal
from workers.storage import storage_of
from workers.url_storage import UrlStorage


@pytest.fixture(scope="module")
def s3_server():
    with moto_server() as address:
        yield address


@pytest.fixture(params=["folder", "memory", "s3", "renamed"])
def place(request, tmp_path):
    """``(storage, place)``; ``renamed`` is a file system behind fsspec without whole puts."""
    if request.param == "folder":
        return LocalStorage(), str(tmp_path / "place")
    if request.param == "renamed":
        return UrlStorage(fsspec.filesystem("file"), whole=False), str(tmp_path / "place")
    if request.param == "memory":
        address = f"memory://{tmp_path.name}/place"
    else:
        address = f"s3://{new_bucket(request.getfixturevalue('s3_server'))}/place"
    return storage_of(address), address


def test_what_was_written_is_read_replaced_and_removed(place):
    storage, root = place
    address = f"{root}/00001/0003.pt"
    assert not storage.exists(address)
    with pytest.raises(FileNotFoundError):
        storage.read(address)
    storage.write(address, b"one")
    storage.write(address, memoryview(b"another"))
    assert storage.exists(address)
    assert storage.read(address) == b"another"
    assert storage.files(root) == {address: 7}
    storage.remove(address)
    storage.remove(address)
    assert not storage.exists(address)
    assert storage.files(root) == {}


def test_a_folder_is_cleared_and_its_neighbours_stay(place):
    storage, root = place
    for name in ("00001/0001.pt", "00001/0003.pt", "00001x/0001.pt", "00002/0001.pt"):
        storage.write(f"{root}/{name}", b"x")
    storage.clear(f"{root}/00001")
    storage.clear(f"{root}/00001")
    storage.clear(f"{root}/00009")
    assert set(storage.files(root)) == {f"{root}/00001x/0001.pt", f"{root}/00002/0001.pt"}
    storage.clear(root)
    assert storage.files(root) == {}


def test_unfinished_files_are_no_files_and_are_swept(place):
    storage, root = place
    unfinished, whole = f"{root}/00001/.0003.pt.999999999.0123abcd", f"{root}/00001/0003.pt"
    storage.write(unfinished, b"half")
    storage.write(whole, b"whole")
    assert storage.files(root) == {whole: 5}
    assert storage.sweep(root) == 1
    assert not storage.exists(unfinished)
    assert storage.read(whole) == b"whole"
    assert storage.sweep(f"{root}/nowhere") == 0


def test_a_place_is_tried_and_nothing_is_left(place):
    storage, root = place
    storage.check_writable(root)
    assert storage.files(root) == {}


def test_what_others_put_into_a_bucket_is_seen_at_once(s3_server):
    import boto3

    bucket = new_bucket(s3_server)
    root, client = f"s3://{bucket}/place", boto3.client("s3", endpoint_url=s3_server)
    storage = storage_of(root)
    assert storage.files(root) == {}
    assert not storage.exists(f"{root}/a")
    client.put_object(Bucket=bucket, Key="place/a", Body=b"1")
    assert storage.files(root) == {f"{root}/a": 1}
    assert storage.exists(f"{root}/a")
    client.delete_object(Bucket=bucket, Key="place/a")
    assert storage.files(root) == {}
    assert not storage.exists(f"{root}/a")


def test_a_bucket_that_is_not_there_is_told_and_not_made(s3_server):
    address = "s3://nobody-made-this/nas"
    new_bucket(s3_server)
    for refused in (
        lambda: storage_of(address).write(f"{address}/a.pt", b"x"),
        lambda: storage_of(address).check_writable(address),
    ):
        with pytest.raises(StorageError, match=r"s3://nobody-made-this/nas/.* can't be written"):
            refused()
    assert storage_of(address).files(address) == {}


def test_an_endpoint_that_does_not_answer_is_told_apart_from_a_missing_file(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    filesystem = fsspec.filesystem(
        "s3",
        endpoint_url="http://127.0.0.1:9",
        config_kwargs={"retries": {"max_attempts": 0}},
        skip_instance_cache=True,
    )
    filesystem.retries = 1
    storage = UrlStorage(filesystem, whole=True)
    with pytest.raises(StorageError, match="can't be read"):
        storage.read("s3://b/a.pt")
    with pytest.raises(StorageError, match="can't be looked for"):
        storage.exists("s3://b/a.pt")


def test_what_a_scheme_needs_is_named_with_how_to_get_it(monkeypatch):
    found = {"fsspec": object()}
    monkeypatch.setattr("importlib.util.find_spec", found.get)
    with pytest.raises(StorageError, match=r"s3:// needs .*s3fs.*pip install .*\[s3\]"):
        storage_of("s3://bucket/nas")


def test_a_folder_knows_nothing_of_fsspec(tmp_path):
    program = f"""
import sys
sys.modules["fsspec"] = None
from workers.storage import storage_of
storage = storage_of({str(tmp_path)!r})
storage.write({str(tmp_path / "a")!r}, b"x")
print(storage.read({str(tmp_path / "a")!r}).decode())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "x", done.stderr


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    """The kernel refuses for real: no file may be larger than a limit."""
    path = tmp_path / "a.pt"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for storage in (LocalStorage(), UrlStorage(fsspec.filesystem("file"), whole=False)):
        storage.write(str(path), b"old")
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            with pytest.raises(NoRoom, match=r"a\.pt can't be written: File too large"):
                storage.write(str(path), bytes(5000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]


def test_a_full_device_is_no_room():
    with pytest.raises(OSError, match="No space") as caught, Path("/dev/full").open("wb") as file:
        file.write(b"x")
    told = refusal("a.pt can't be written", caught.value)
    assert isinstance(told, NoRoom)
    assert str(told) == "a.pt can't be written: No space left on device"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="can't be written"):
        LocalStorage().check_writable(str(tmp_path / "new"))


def test_a_file_in_the_way_of_a_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="is a file, not a folder"):
        LocalStorage().check_writable(str(tmp_path / "file" / "job"))
    with pytest.raises(StorageError, match="can't be written: File exists"):
        LocalStorage().write(str(tmp_path / "file" / "a.pt"), b"x")


def test_a_link_shares_the_file_or_copies_it(tmp_path, monkeypatch):
    source, target = tmp_path / "a.pt", tmp_path / "b" / "a.pt"
    source.write_bytes(b"weights")
    link(str(source), str(target))
    assert target.samefile(source)
    link(str(source), str(target))

    def refuse(*paths):
        raise OSError("not here")

    monkeypatch.setattr("workers.local_storage.os.link", refuse)
    link(str(source), str(target))
    assert not target.samefile(source)
    assert target.read_bytes() == b"weights"
    with pytest.raises(FileNotFoundError):
        link(str(tmp_path / "no.pt"), str(target))


#: Writes a file and hangs with the content written, but not yet in its place.
HANGING = """
import os, sys, time
from workers.local_storage import LocalStorage

def hang(descriptor):
    print("hanging", flush=True)
    time.sleep(60)

os.fsync = hang
LocalStorage().write(sys.argv[1], b"x")
"""


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path):
    storage, whole = LocalStorage(), tmp_path / "00001" / "0003.pt"
    storage.write(str(whole), b"whole")
    command = [sys.executable, "-c", HANGING, str(tmp_path / "00001" / "0006.pt")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "hanging\n"
        (unfinished,) = set(whole.parent.iterdir()) - {whole}
        assert storage.sweep(str(tmp_path)) == 0
        assert unfinished.exists()
        process.kill()
    assert unfinished.exists()
    (tmp_path / ".keep").touch()
    assert storage.sweep(str(tmp_path)) == 1
    assert set(tmp_path.rglob("*")) == {whole, whole.parent, tmp_path / ".keep"}


def test_an_old_unfinished_file_is_swept_though_its_process_number_lives(tmp_path):
    unfinished = tmp_path / f".0003.pt.{os.getpid()}.0123abcd"
    unfinished.touch()
    assert LocalStorage().sweep(str(tmp_path)) == 0
    os.utime(unfinished, (0, 0))
    assert LocalStorage().sweep(str(tmp_path)) == 1

import hashlib
import os
import pickle
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

from workers.checkpoint import Checkpoint, file_sha256, read, read_for, sweep, write
from workers.errors import CheckpointError


@pytest.fixture
def checkpoint():
    model = nn.Linear(200, 200)
    return Checkpoint(
        architecture="{}",
        epochs=3,
        model=model.state_dict(),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1).state_dict(),
        generator=torch.Generator().manual_seed(1).get_state(),
        evaluated_model=model.state_dict(),
    )


def test_what_was_written_is_read(checkpoint, tmp_path):
    path = tmp_path / "new" / "a.pt"
    digest = write(checkpoint, path)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest() == file_sha256(path)
    loaded = read(path)
    assert loaded.epochs == 3
    assert torch.equal(loaded.model["weight"], checkpoint.model["weight"])
    assert torch.equal(loaded.generator, checkpoint.generator)
    assert list(path.parent.iterdir()) == [path]


def test_shared_weights_are_stored_once(checkpoint, tmp_path):
    write(checkpoint, tmp_path / "a.pt")
    assert (tmp_path / "a.pt").stat().st_size < 1.5 * 200 * 200 * 4


def test_a_failed_write_leaves_the_old_file_and_no_other(checkpoint, tmp_path, monkeypatch):
    path = tmp_path / "a.pt"
    digest = write(checkpoint, path)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(replace(checkpoint, epochs=4), path)
    assert file_sha256(path) == digest
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_truncation_is_noticed(checkpoint, tmp_path, keep):
    path = tmp_path / "a.pt"
    write(checkpoint, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole)) if keep < 1 else keep])
    with pytest.raises(CheckpointError, match=r"a\.pt is damaged"):
        read(path)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("pwned",)


def test_code_in_a_checkpoint_never_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"format": 1, "model": Evil()}, "a.pt")
    (tmp_path / "b.pt").write_bytes(pickle.dumps(Evil()))
    for name in ("a.pt", "b.pt"):
        with pytest.raises(CheckpointError, match="damaged"):
            read(name)
    assert not (tmp_path / "pwned").exists()


def test_other_formats_and_missing_files_are_named(tmp_path):
    torch.save({"format": 99}, tmp_path / "new.pt")
    torch.save({"format": 1}, tmp_path / "part.pt")
    for name, text in [
        ("new.pt", "format 99; this version reads 1"),
        ("part.pt", "incomplete"),
        ("no.pt", "missing"),
    ]:
        with pytest.raises(CheckpointError, match=text):
            read(tmp_path / name)


def test_a_checkpoint_of_another_trial_or_rung_is_refused(checkpoint, tmp_path):
    path = tmp_path / "a.pt"
    write(checkpoint, path)
    assert read_for(path, "{}", 3).epochs == 3
    with pytest.raises(CheckpointError, match="another architecture"):
        read_for(path, '{"a":1}')
    with pytest.raises(CheckpointError, match="holds 3 epochs; 4 were expected"):
        read_for(path, "{}", 4)


#: Writes a checkpoint and hangs with the content written, but not yet in its place.
HANGING = """
import os, sys, time
import torch
from workers import checkpoint

def hang(descriptor):
    print("hanging", flush=True)
    time.sleep(60)

os.fsync = hang
empty = checkpoint.Checkpoint("{}", 1, {}, {}, torch.zeros(1), {})
checkpoint.write(empty, sys.argv[1])
"""


def test_what_a_killed_process_left_is_swept_and_nothing_else(checkpoint, tmp_path):
    whole = tmp_path / "00001" / "0003.pt"
    write(checkpoint, whole)
    command = [sys.executable, "-c", HANGING, str(tmp_path / "00001" / "0006.pt")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "hanging\n"
        (unfinished,) = set(whole.parent.iterdir()) - {whole}
        assert sweep(tmp_path) == 0
        assert unfinished.exists()
        process.kill()
    assert unfinished.exists()
    (tmp_path / ".keep").touch()
    assert sweep(tmp_path) == 1
    assert set(tmp_path.rglob("*")) == {whole, whole.parent, tmp_path / ".keep"}


def test_an_old_unfinished_file_is_swept_though_its_process_number_lives(tmp_path):
    unfinished = tmp_path / f".0003.pt.{os.getpid()}.0123abcd"
    unfinished.touch()
    assert sweep(tmp_path) == 0
    os.utime(unfinished, (0, 0))
    assert sweep(tmp_path) == 1

import hashlib
import os
import pickle

import pytest
import torch
from torch import nn

from workers.checkpoint import Checkpoint, bring, check, read, read_for, write
from workers.errors import CheckpointError
from workers.storage import storage_of


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
    written = write(checkpoint, path)
    content = path.read_bytes()
    assert (written.sha256, written.size) == (hashlib.sha256(content).hexdigest(), len(content))
    loaded = read(path)
    assert loaded.epochs == 3
    assert torch.equal(loaded.model["weight"], checkpoint.model["weight"])
    assert torch.equal(loaded.generator, checkpoint.generator)
    assert list(path.parent.iterdir()) == [path]


def test_shared_weights_are_stored_once(checkpoint, tmp_path):
    write(checkpoint, tmp_path / "a.pt")
    assert (tmp_path / "a.pt").stat().st_size < 1.5 * 200 * 200 * 4


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_truncation_is_noticed(checkpoint, tmp_path, keep):
    path = tmp_path / "a.pt"
    write(checkpoint, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole)) if keep < 1 else keep])
    with pytest.raises(CheckpointError, match=r"a\.pt is damaged"):
        read(path)


def test_any_damage_is_noticed_where_the_checksum_is_known(checkpoint, tmp_path):
    path = tmp_path / "a.pt"
    digest = write(checkpoint, path).sha256
    check(path, digest)
    whole = path.read_bytes()
    for place in range(0, len(whole), len(whole) // 50):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(CheckpointError, match="damaged: it is not the one that was recorded"):
            read(path, digest)
        with pytest.raises(CheckpointError, match="damaged"):
            check(path, digest)
    path.write_bytes(whole)
    assert read(path, digest).epochs == 3
    with pytest.raises(CheckpointError, match="missing"):
        check(tmp_path / "b.pt", digest)


def test_what_can_t_be_read_is_told_as_a_bad_checkpoint(tmp_path):
    with pytest.raises(CheckpointError, match="can't be read: Is a directory"):
        read(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match="missing"):
        read(tmp_path / "file" / "a.pt")


@pytest.mark.parametrize(("source", "target"), [("", ""), ("", "memory"), ("memory", "memory")])
def test_a_checkpoint_is_brought_whole_or_not_at_all(checkpoint, tmp_path, source, target):
    def at(place, name):
        return f"memory://brought/{name}" if place else str(tmp_path / name)

    written = write(checkpoint, at(source, "a.pt"))
    new = at(target, "deep/b.pt")
    for _ in range(2):
        assert bring(at(source, "a.pt"), new, written.sha256) == written.size
    assert read(new, written.sha256).epochs == 3
    gone, damaged = at(target, "gone.pt"), at(target, "damaged.pt")
    with pytest.raises(CheckpointError, match="missing"):
        bring(at(source, "no.pt"), gone, written.sha256)
    with pytest.raises(CheckpointError, match="damaged"):
        bring(at(source, "a.pt"), damaged, "0" * 64)
    assert not storage_of(gone).exists(gone)
    assert not storage_of(damaged).exists(damaged)


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

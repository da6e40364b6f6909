"""Checkpoints: written whole or not at all, read without running code from them."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from workers.errors import CheckpointError
from workers.local_storage import link
from workers.places import is_url
from workers.storage import storage_of

FORMAT = 1


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trial at a rung: enough to go on training, and to export.

    Attributes:
        architecture: canonical JSON.
        epochs: trained so far; the schedule's position follows from it.
        model: state dict being trained.
        optimizer: its state dict.
        generator: state of the generator of data order and augmentation.
        evaluated_model: state dict of the copy that was evaluated, with recalibrated batch-norm
            statistics; this is what an export ships. Weights share their storage with ``model``,
            also in the file.
    """

    architecture: str
    epochs: int
    model: dict[str, Tensor]
    optimizer: dict[str, Any]
    generator: Tensor
    evaluated_model: dict[str, Tensor]


@dataclass(frozen=True)
class Written:
    """A file as it was written: its checksum and its bytes."""

    sha256: str
    size: int


def write(checkpoint: Checkpoint, address: str | Path) -> Written:
    """Write a checkpoint so that after a crash there is the whole file or none.

    Args:
        checkpoint: what to write.
        address: a path, or a URL.

    Raises:
        NoRoom: if the disk or a quota is full.
        StorageError: if it can't be written for another reason.
    """
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **vars(checkpoint)}, buffer)
    content = buffer.getbuffer()
    storage_of(str(address)).write(str(address), content)
    return Written(hashlib.sha256(content).hexdigest(), len(content))


def read(address: str | Path, sha256: str = "") -> Checkpoint:
    """Read a checkpoint onto the CPU, with ``weights_only=True``.

    Args:
        address: a path, or a URL.
        sha256: that it must have; empty where it is not known.

    Raises:
        CheckpointError: if the file is missing, damaged or of another format.
        StorageError: if its place doesn't answer.
    """
    raw = _intact(str(address), sha256)
    try:
        content = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    except Exception as error:
        text = f"{type(error).__name__}: {error}".splitlines()[0]
        raise CheckpointError(f"checkpoint {address} is damaged ({text})") from None
    found = content.pop("format", None) if isinstance(content, dict) else None
    if found != FORMAT:
        raise CheckpointError(
            f"checkpoint {address} has format {found!r}; this version reads {FORMAT}"
        )
    try:
        return Checkpoint(**content)
    except TypeError as error:
        raise CheckpointError(f"checkpoint {address} is incomplete ({error})") from None


def read_for(
    address: str | Path, architecture: str, epochs: int | None = None, sha256: str = ""
) -> Checkpoint:
    """Read a checkpoint and hold it to what it should contain.

    Raises:
        CheckpointError: also if it is of another architecture or another rung.
        StorageError: if its place doesn't answer.
    """
    checkpoint = read(address, sha256)
    if checkpoint.architecture != architecture:
        raise CheckpointError(f"checkpoint {address} belongs to another architecture")
    if epochs is not None and checkpoint.epochs != epochs:
        raise CheckpointError(
            f"checkpoint {address} holds {checkpoint.epochs} epochs; {epochs} were expected"
        )
    return checkpoint


def check(address: str | Path, sha256: str) -> None:
    """Hold a checkpoint to be there as it was recorded.

    Raises:
        CheckpointError: if it is missing or damaged.
        StorageError: if its place doesn't answer.
    """
    _intact(str(address), sha256)


def bring(source: str, target: str, sha256: str) -> int:
    """Put an intact checkpoint also at another address: as a hard link where both are local.

    Returns:
        Its bytes.

    Raises:
        CheckpointError: if the source is missing or damaged; nothing is left at the target then.
        StorageError: if one of the places refuses.
    """
    if is_url(source) or is_url(target):
        content = _intact(source, sha256)
        storage_of(target).write(target, content)
        return len(content)
    try:
        link(source, target)
    except FileNotFoundError:
        raise CheckpointError(f"checkpoint {source} is missing") from None
    try:
        return len(_intact(target, sha256))
    except CheckpointError:
        storage_of(target).remove(target)
        raise


def _intact(address: str, sha256: str) -> bytes:
    """The content, held to its checksum where that is known."""
    try:
        content = storage_of(address).read(address)
    except (FileNotFoundError, NotADirectoryError):
        raise CheckpointError(f"checkpoint {address} is missing") from None
    except OSError as error:
        raise CheckpointError(f"checkpoint {address} can't be read: {error.strerror}") from None
    if sha256 and hashlib.sha256(content).hexdigest() != sha256:
        raise CheckpointError(
            f"checkpoint {address} is damaged: it is not the one that was recorded (its sha256 "
            f"differs)"
        )
    return content

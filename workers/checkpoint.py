"""Checkpoints: written whole or not at all, read without running code from them."""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from workers.errors import CheckpointError

FORMAT = 1

#: The name of a file that is being written: ``.0003.pt.PROCESS.RANDOM``.
_UNFINISHED = re.compile(r"\..+\.(?P<process>\d+)\.[0-9a-f]{8}")

#: Seconds after which an unfinished file is nobody's any more: its process number was given anew.
_ABANDONED = 3600.0


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


def write(checkpoint: Checkpoint, path: str | Path) -> str:
    """Write a checkpoint so that after a crash there is the whole file or none.

    Returns:
        The sha256 of the file.
    """
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **vars(checkpoint)}, buffer)
    content = buffer.getbuffer()
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, content)
    return hashlib.sha256(content).hexdigest()


def read(path: str | Path) -> Checkpoint:
    """Read a checkpoint onto the CPU, with ``weights_only=True``.

    Raises:
        CheckpointError: if the file is missing, damaged or of another format.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"checkpoint {path} is missing") from None
    except Exception as error:
        text = f"{type(error).__name__}: {error}".splitlines()[0]
        raise CheckpointError(f"checkpoint {path} is damaged ({text})") from None
    found = content.pop("format", None) if isinstance(content, dict) else None
    if found != FORMAT:
        raise CheckpointError(
            f"checkpoint {path} has format {found!r}; this version reads {FORMAT}"
        )
    try:
        return Checkpoint(**content)
    except TypeError as error:
        raise CheckpointError(f"checkpoint {path} is incomplete ({error})") from None


def read_for(path: str | Path, architecture: str, epochs: int | None = None) -> Checkpoint:
    """Read a checkpoint and hold it to what it should contain.

    Raises:
        CheckpointError: also if it is of another architecture or another rung.
    """
    checkpoint = read(path)
    if checkpoint.architecture != architecture:
        raise CheckpointError(f"checkpoint {path} belongs to another architecture")
    if epochs is not None and checkpoint.epochs != epochs:
        raise CheckpointError(
            f"checkpoint {path} holds {checkpoint.epochs} epochs; {epochs} were expected"
        )
    return checkpoint


def file_sha256(path: str | Path) -> str:
    """The sha256 of a file, as ``write`` returned it."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unfinished(path: Path) -> Path:
    """A name beside a file for what will replace it; ``sweep`` finds what is left under it."""
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")


def sweep(folder: str | Path) -> int:
    """Delete what processes that died while writing a checkpoint left anywhere in a folder.

    Returns:
        How many files there were.
    """
    swept = 0
    for path in Path(folder).rglob(".*"):
        found = _UNFINISHED.fullmatch(path.name)
        if found and (not _lives(int(found["process"])) or _age(path) > _ABANDONED):
            path.unlink(missing_ok=True)
            swept += 1
    return swept


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # there is one, of another user
    return True


def _age(path: Path) -> float:
    """Seconds since the last write; none if it is gone meanwhile."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _replace(path: Path, content: memoryview) -> None:
    """Write beside the target, flush to the disk, then rename over it."""
    temporary = unfinished(path)
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""How what goes wrong in a worker becomes an outcome with a one-line reason."""

from __future__ import annotations

import os
import socket

import torch

from workers.errors import CheckpointError, NoRoom, StorageError, WorkerError
from workers.protocol import Evaluation, Inheritance, Outcome, Report, Segment


class Diverged(Exception):  # noqa: N818
    """The loss is not a number or infinite; the text says where."""


class Unfit(Exception):  # noqa: N818
    """An architecture can't start from the weights of its backbone; the text says why."""


def failure(task: Segment | Inheritance | Evaluation, error: Exception) -> Report:
    """The report of a task that came to nothing."""
    end = task.end_epoch if isinstance(task, Segment) else 0
    outcome, reason = explain(error)
    return Report(task.key, end, outcome, reason, worker=worker_name())


def explain(error: Exception) -> tuple[Outcome, str]:
    """The outcome that an exception stands for, and its reason in one line."""
    text = " ".join(str(error).split())
    if isinstance(error, CheckpointError):
        return "bad_checkpoint", text
    if isinstance(error, StorageError):
        return "disk_full" if isinstance(error, NoRoom) else "no_storage", text
    if isinstance(error, Diverged):
        return "diverged", text
    if isinstance(error, Unfit):
        return "unfit", text
    memory = isinstance(error, MemoryError | torch.OutOfMemoryError)
    if memory or "can't allocate memory" in text:
        torch.cuda.empty_cache()
        return "out_of_memory", text or "the machine refused the memory"
    return "error", text if isinstance(error, WorkerError) else f"{type(error).__name__}: {text}"


def worker_name() -> str:
    """Host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"

"""What can go wrong on the workers' side by someone's data, files or machine. No torch import."""

from __future__ import annotations


class WorkerError(Exception):
    """A refusal with a message for people: what was wrong, what is allowed, what to do."""


class DataError(WorkerError):
    """The images are missing, damaged, too few or not the job's; says how to mend it."""


class CheckpointError(WorkerError):
    """A checkpoint is missing, damaged or belongs to another trial or rung."""


class PoolError(WorkerError):
    """The workers asked for can't be had, or work was given to a busy pool."""


class StorageError(WorkerError):
    """The place of the checkpoints can't be written, or doesn't answer."""


class NoRoom(StorageError):  # noqa: N818
    """The disk or the quota of the place of the checkpoints is full."""

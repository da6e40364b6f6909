import os

import pytest
import torch

from workers.errors import CheckpointError, DataError, NoRoom, StorageError
from workers.outcomes import Diverged, explain, failure, worker_name
from workers.protocol import Evaluation


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (CheckpointError("gone"), ("bad_checkpoint", "gone")),
        (Diverged("loss is nan"), ("diverged", "loss is nan")),
        (MemoryError(), ("out_of_memory", "the machine refused the memory")),
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried"),
            ("out_of_memory", "CUDA out of memory. Tried"),
        ),
        (DataError("no\n folder"), ("error", "no folder")),
        (NoRoom("no space"), ("disk_full", "no space")),
        (StorageError("no answer"), ("no_storage", "no answer")),
        (KeyError("x"), ("error", "KeyError: 'x'")),
    ],
)
def test_every_exception_has_an_outcome_and_one_line(error, expected):
    assert explain(error) == expected


def test_a_failure_names_the_task_and_the_worker(segment):
    task = segment(0, 2)
    report = failure(task, ValueError("bad"))
    assert (report.key, report.end_epoch, report.outcome) == ("trial:2", 2, "error")
    assert report.worker == worker_name()
    assert str(os.getpid()) in report.worker
    asked = Evaluation("e", task.architecture, task.recipe, task.data, "x.pt")
    assert failure(asked, ValueError("bad")).key == "e"


def test_what_torch_can_not_allocate_is_too_little_memory():
    with pytest.raises(RuntimeError) as refused:
        torch.empty(2**60)
    assert explain(refused.value)[0] == "out_of_memory"

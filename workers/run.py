"""What a worker does with a task: one function, and the data that it keeps warm."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from search_spaces.architecture import Architecture
from search_spaces.folding import fold
from workers.data import ImageData, data_shape, load
from workers.datasets import DataSpec
from workers.device import resolve_device
from workers.errors import DataError
from workers.inherit import score_inherited
from workers.latency import measure_latency
from workers.outcomes import explain, failure
from workers.protocol import (
    Answer,
    Evaluation,
    Inheritance,
    LatencyReport,
    LatencyRequest,
    Segment,
    Task,
)
from workers.train import default_build, evaluate_test, train_segment

#: Data sets that a worker holds at once; the one not used for longest goes first.
KEPT = 2


@dataclass
class WorkerState:
    """Loaded data by specification and device, the latest used last."""

    data: dict[tuple[DataSpec, torch.device], ImageData] = field(default_factory=dict)

    def get(self, spec: DataSpec, device: torch.device) -> ImageData:
        """Load the data, or take it from the last time.

        Raises:
            DataError: if it can't be loaded.
        """
        key = (spec, device)
        found = self.data.pop(key, None) or load(spec).to(device)
        self.data[key] = found
        while len(self.data) > KEPT:
            del self.data[next(iter(self.data))]
        return found


def execute(task: Task, cache: dict[str, Any]) -> Answer:
    """Do a task.

    Args:
        task: a segment, a score on inherited weights, an evaluation or a latency request.
        cache: a dictionary that lives as long as the worker.

    Returns:
        Its answer; a task that fails gives an answer with the reason.

    Raises:
        DataError: if the data is not here, or not what the job was submitted with: no fault of
            the task, so this worker can do none of the job.
    """
    if isinstance(task, LatencyRequest):
        return _latency(task)
    state = cache.setdefault("state", WorkerState())
    try:
        data = state.get(task.data, resolve_device(task.device))
    except DataError:
        raise
    except Exception as error:
        return failure(task, error)
    if task.data_hash and data.data_hash != task.data_hash:
        raise DataError(
            f"the data {task.data.name} {task.data.root} has changed since the job was submitted: "
            f"its hash is {data.data_hash}, not {task.data_hash}"
        )
    return _train_or_evaluate(task, data)


def _train_or_evaluate(task: Segment | Inheritance | Evaluation, data: ImageData) -> Answer:
    if isinstance(task, Inheritance):
        return score_inherited(task, data)
    if isinstance(task, Segment):
        return train_segment(task, data)
    return evaluate_test(task, data)


def _latency(task: LatencyRequest) -> LatencyReport:
    try:
        device, shape, build = resolve_device(task.device), data_shape(task.data), default_build()
        models = [fold(build(Architecture.from_json(text), shape)) for text in task.architectures]
        measured = measure_latency(models, shape, task.batch_size, device)
    except Exception as error:
        return LatencyReport(task.key, (), task.device, explain(error)[1])
    return LatencyReport(task.key, tuple(measured), str(device))

"""Forward time of networks on the device in use."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from search_spaces.architecture import TaskShape
from workers.device import synchronize
from workers.protocol import Latency

WARM_UP = 5
REPEATS = 30


def measure_latency(
    models: Sequence[nn.Module],
    shape: TaskShape,
    batch_size: int,
    device: torch.device,
    repeats: int = REPEATS,
) -> list[Latency]:
    """Time one forward pass of each model.

    In eval mode, float32 and the contiguous format: what an exported model costs its user as it
    is. Each round times every model once, so that a slow moment of the machine meets all alike.
    The thread count is the process's own.

    Args:
        models: moved to the device by this.
        shape: of one image.
        batch_size: images a pass.
        device: where to measure.
        repeats: rounds that count, after ``WARM_UP`` rounds that don't.

    Returns:
        Median and quartile distance in milliseconds, in the order of ``models``.
    """
    images = torch.zeros(batch_size, shape.channels, shape.height, shape.width, device=device)
    placed = [model.to(device).to(memory_format=torch.contiguous_format).eval() for model in models]
    rounds = []
    with torch.inference_mode():
        for _ in range(WARM_UP + repeats):
            rounds.append([_milliseconds(model, images) for model in placed])
    return [_summary(times) for times in zip(*rounds[WARM_UP:], strict=True)]


def _milliseconds(model: nn.Module, images: Tensor) -> float:
    synchronize(images.device)
    start = time.perf_counter()
    model(images)
    synchronize(images.device)
    return (time.perf_counter() - start) * 1000


def _summary(times: Sequence[float]) -> Latency:
    if len(times) < 2:
        return Latency(times[0], 0.0)
    low, median, high = statistics.quantiles(times, n=4)
    return Latency(median, high - low)

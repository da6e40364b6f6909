"""Synthetic workers whose truth is known: does the whole pipeline find it, and nothing else?

Width and depth help; ``planted`` adds ``GAIN`` for CBAM in the third stage, ``futile`` adds nothing
for any attention. Runs differ by their seed as small networks' do.
"""

from __future__ import annotations

import json
import math
from typing import Any

from workers import synthetic
from workers.protocol import Answer, Evaluation, Report, Segment, Task

#: What CBAM in the third stage is worth, wherever it stands there: two points.
GAIN = 0.02

#: Standard deviation of a run's luck, which its rungs share, and of one evaluation.
LUCK, NOISE = 0.004, 0.002


def planted(task: Task, cache: dict[str, Any]) -> Answer:
    """CBAM in stage 3 truly helps; nothing else does."""
    return _answer(task, cache, GAIN)


def futile(task: Task, cache: dict[str, Any]) -> Answer:
    """No attention helps anywhere."""
    return _answer(task, cache, 0.0)


def level(architecture: str, gain: float) -> float:
    """The true accuracy of an architecture (canonical JSON) at the last epoch."""
    built = json.loads(architecture)
    size = built["backbone"]
    found: float = 0.62 + 0.03 * math.log2(size.get("width", 8)) + 0.002 * size.get("depth", 8)
    helped = any(
        place.startswith("stage3.") and choice["type"] == "cbam"
        for place, choice in built["attention"].items()
    )
    return found + gain * helped


def _answer(task: Task, cache: dict[str, Any], gain: float) -> Answer:
    if isinstance(task, Evaluation):
        accuracy = _tested(task.architecture, 0, gain)
        return Report(task.key, task.recipe.epochs, "ok", test_accuracy=accuracy)
    if not isinstance(task, Segment):
        return synthetic.execute(task, cache)
    text, seed = task.architecture, task.seed
    grown = 0.75 + 0.25 * task.end_epoch / task.recipe.epochs
    luck = LUCK * _normal(f"{text}:{seed}")
    accuracy = level(text, gain) * grown + luck + NOISE * _normal(f"{text}:{seed}:{task.end_epoch}")
    epochs = task.end_epoch - task.start_epoch
    return Report(
        key=task.key,
        end_epoch=task.end_epoch,
        outcome="ok",
        validation_accuracy=accuracy,
        validation_loss=1 - accuracy,
        train_loss=(1 - accuracy,) * epochs,
        train_accuracy=(accuracy,) * epochs,
        test_accuracy=_tested(text, seed, gain) if task.measure_test else None,
        worker="planted",
        device="synthetic",
    )


def _tested(architecture: str, seed: int, gain: float) -> float:
    luck = LUCK * _normal(f"{architecture}:{seed}")
    return level(architecture, gain) - 0.01 + luck + NOISE * _normal(f"test:{architecture}:{seed}")


def _normal(text: str) -> float:
    """A standard normal number that looks random and isn't (Box and Muller, 1958)."""
    near, angle = (max(synthetic.share(f"{part}:{text}"), 1e-12) for part in ("r", "a"))
    return math.sqrt(-2 * math.log(near)) * math.cos(2 * math.pi * angle)

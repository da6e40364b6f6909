"""How a candidate is trained: values only, no torch import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Recipe:
    """The training recipe; ``epochs`` and ``restarts`` fix the schedule on which all rungs lie.

    Attributes:
        epochs: the full budget of one trial.
        batch_size: images a step.
        optimizer: ``sgd`` (Nesterov momentum) or ``adamw``.
        learning_rate: the schedule's peak, for a batch of ``batch_size``.
        momentum: SGD's momentum, AdamW's first beta.
        weight_decay: on weights of two or more dimensions; never on norms and biases.
        warmup: share of the schedule's steps until the peak.
        restarts: epochs after which the schedule has ended near zero and begins anew, rising; with
            none there is one schedule over all epochs.
        label_smoothing: of the training loss.
        augmentation: ``none``, ``crop`` (pad and random crop) or ``crop_flip``; ``auto`` takes the
            data set's own (digits are never mirrored).
        precision: ``float32``, ``bfloat16`` or ``auto`` (bfloat16 where the device has it).
        channels_last: memory format; ``auto`` takes it where it pays.
        recalibrate_batch_norm: recompute the statistics on a copy before every evaluation.
        recalibration_batches: how many training batches that takes.
    """

    epochs: int = 12
    batch_size: int = 128
    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warmup: float = 0.25
    label_smoothing: float = 0.1
    augmentation: Literal["auto", "none", "crop", "crop_flip"] = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    channels_last: Literal["auto", "on", "off"] = "auto"
    recalibrate_batch_norm: bool = True
    recalibration_batches: int = 10
    restarts: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        # A job's row, which is JSON, gives a list back.
        object.__setattr__(self, "restarts", tuple(self.restarts))

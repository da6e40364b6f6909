"""What goes to a worker and what comes back: frozen values, picklable, no torch import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workers.datasets import DataSpec
from workers.recipe import Recipe

#: Raise when a change of ours makes the same segment give other numbers; part of every hash.
TRAINING_VERSION = 1

#: Why a segment ended: ``diverged`` is NaN or infinite loss, ``out_of_memory`` the device's
#: refusal, ``bad_checkpoint`` one to start from that is missing, damaged or another trial's,
#: ``unfit`` an architecture that can't start from the weights of its backbone, ``disk_full`` that
#: the checkpoint found no room, ``no_storage`` that its place refused or did not answer.
Outcome = Literal[
    "ok",
    "diverged",
    "out_of_memory",
    "bad_checkpoint",
    "unfit",
    "disk_full",
    "no_storage",
    "error",
]


@dataclass(frozen=True)
class Segment:
    """The training of one trial from one rung to the next: a pure function's arguments.

    Attributes:
        key: names the work; unique among the segments in flight (``"{trial id}:{end epoch}"``).
        architecture: canonical JSON.
        seed: of weights, data order and augmentation.
        start_epoch: epochs already in ``checkpoint_in`` (0: from scratch).
        end_epoch: the rung to reach.
        checkpoint_in: path or URL of the checkpoint at ``start_epoch``; None at 0.
        checkpoint_out: path or URL to write the checkpoint at ``end_epoch`` to.
        device: ``cpu``, ``cuda`` or ``auto``.
        measure_test: also evaluate on the test split (only ever after the search).
        checkpoint_in_sha256: that ``checkpoint_in`` must have; empty where it is not known.
        data_hash: that the loaded data must have; empty: any.
    """

    key: str
    architecture: str
    recipe: Recipe
    data: DataSpec
    seed: int
    start_epoch: int
    end_epoch: int
    checkpoint_in: str | None
    checkpoint_out: str
    device: str = "auto"
    measure_test: bool = False
    checkpoint_in_sha256: str = ""
    data_hash: str = ""


@dataclass(frozen=True)
class Inheritance:
    """Score an architecture on the trained weights of its plain backbone: a pure function as well.

    Attributes:
        key: as a segment's, with 0 for the epoch.
        recipe: that the backbone was trained with; its ``epochs`` say nothing here.
        seed: of the inserted parts, data order and augmentation.
        epochs: that the inserted parts train, on a schedule of their own.
        backbone: path or URL of the plain backbone's checkpoint.
        backbone_sha256: that it must have; empty where it is not known.
        data_hash: as a segment's.
    """

    key: str
    architecture: str
    recipe: Recipe
    data: DataSpec
    seed: int
    epochs: int
    backbone: str
    device: str = "auto"
    backbone_sha256: str = ""
    data_hash: str = ""


@dataclass(frozen=True)
class Report:
    """What a segment gives back; that of a score on inherited weights is of epoch 0.

    Attributes:
        validation_accuracy: share of right answers in 0…1 at ``end_epoch``, on a copy of the model
            with recalibrated batch-norm statistics where the recipe says so.
        train_loss: mean loss of each epoch of the segment.
        train_accuracy: share of right answers of each epoch of the segment, on augmented images.
        test_accuracy: only where the segment asked for it.
        train_seconds: wall time of the training loop; evaluation_seconds: of the evaluation.
        checkpoint_sha256: of the file at ``checkpoint_out``; checkpoint_bytes: its size.
        worker: host and process that trained.
    """

    key: str
    end_epoch: int
    outcome: Outcome
    reason: str = ""
    validation_accuracy: float = 0.0
    validation_loss: float = 0.0
    train_loss: tuple[float, ...] = ()
    train_accuracy: tuple[float, ...] = ()
    test_accuracy: float | None = None
    train_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    checkpoint_sha256: str = ""
    worker: str = ""
    device: str = ""
    checkpoint_bytes: int = 0


@dataclass(frozen=True)
class Evaluation:
    """Test accuracy of a finished checkpoint: asked for once, after the search.

    Attributes:
        checkpoint: its path or URL.
        checkpoint_sha256: that it must have; empty where it is not known.
        data_hash: as a segment's.
    """

    key: str
    architecture: str
    recipe: Recipe
    data: DataSpec
    checkpoint: str
    device: str = "auto"
    checkpoint_sha256: str = ""
    data_hash: str = ""


@dataclass(frozen=True)
class LatencyRequest:
    """Measure the forward time of architectures on the worker's device, interleaved."""

    key: str
    architectures: tuple[str, ...]
    data: DataSpec
    batch_size: int = 1
    device: str = "auto"


@dataclass(frozen=True)
class Latency:
    """Forward time of one batch in milliseconds: median and spread (quartile distance)."""

    median_ms: float
    spread_ms: float


@dataclass(frozen=True)
class LatencyReport:
    """Latencies in the order of the request; none, with a reason, if measuring failed."""

    key: str
    latencies: tuple[Latency, ...]
    device: str
    reason: str = ""


#: What a worker can be asked, and what it answers.
Task = Segment | Inheritance | Evaluation | LatencyRequest
Answer = Report | LatencyReport


#: What took a task's worker away: ``worker`` its process died or failed under the task, ``memory``
#: and so for want of memory, ``node`` its machine, the cluster or its environment let it down.
Loss = Literal["worker", "memory", "node"]


@dataclass(frozen=True)
class Lost:
    """A task that came back without an answer."""

    key: str
    reason: str
    kind: Loss = "worker"

    @property
    def blamed(self) -> bool:
        """Whether the task itself may have brought its worker down; a node's end says nothing."""
        return self.kind != "node"

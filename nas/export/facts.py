"""What a reader of an exported model wants to know: how good, how costly, from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nas.store.records import Job, ReportRow, Trial


@dataclass(frozen=True)
class Repeats:
    """Accuracies in 0…1 of one architecture over training seeds that had no say in its selection.

    Attributes:
        seeds: how many.
        low: of the 95 % interval of the mean; None below two seeds. high: likewise.
        test_accuracy: their mean; None before it was measured.
    """

    seeds: int
    accuracy: float
    low: float | None
    high: float | None
    test_accuracy: float | None


@dataclass(frozen=True)
class Facts:
    """The provenance of one exported model.

    Attributes:
        label: a baseline's name; empty otherwise.
        epochs: trained; the full budget, since only finished trials are exported.
        accuracy: on the validation images, in 0…1; test_accuracy: on images never searched on.
        repeats: the same architecture trained on further seeds; None without any.
        images: how many of each part (``train``, ``validation``, ``test``).
        recipe: the training recipe, with every ``auto`` resolved.
        trained: day (UTC) on which the last report came.
        classes: the names of an image folder's classes, by label; empty where they are unknown.
    """

    job: str
    trial: int
    label: str
    seed: int
    epochs: int
    accuracy: float
    test_accuracy: float | None
    repeats: Repeats | None
    parameters: int
    forward_flops: int
    latency_ms: float | None
    data: str
    data_hash: str
    images: Mapping[str, int]
    recipe: Mapping[str, Any]
    versions: Mapping[str, str]
    device: str
    trained: str
    classes: tuple[str, ...] = ()

    @classmethod
    def of(cls, job: Job, trial: Trial, report: ReportRow, repeats: Repeats | None) -> Facts:
        """Gather them from the store's records."""
        data = job.details["data"]
        recipe = {**job.spec.get("recipe", {}), **job.details.get("recipe", {})}
        recipe |= trial.recipe or {}
        return cls(
            job=job.name,
            trial=trial.number,
            label="" if trial.audited else trial.label,
            seed=trial.seed,
            epochs=report.epoch,
            accuracy=report.validation_accuracy,
            test_accuracy=trial.test_accuracy,
            repeats=repeats,
            parameters=trial.parameters,
            forward_flops=trial.forward_flops,
            latency_ms=trial.latency_ms,
            data=data["name"],
            data_hash=data["hash"],
            images={part: data[part] for part in ("train", "validation", "test") if part in data},
            recipe=recipe,
            versions=job.details.get("versions", {}),
            device=report.device,
            trained=f"{datetime.fromtimestamp(report.created_ms / 1000, UTC):%Y-%m-%d}",
            classes=tuple(data.get("classes", ())),
        )

    def accuracy_words(self) -> str:
        """``validation accuracy 97.50 %, test accuracy 96.11 %``."""
        words = f"validation accuracy {percent(self.accuracy)}"
        if self.test_accuracy is not None:
            words += f", test accuracy {percent(self.test_accuracy)}"
        return words

    def training_words(self) -> str:
        """``12 epochs, seed 0``."""
        return f"{self.epochs} epoch{'s' if self.epochs != 1 else ''}, seed {self.seed}"

    def cost_words(self) -> str:
        """``78,042 parameters, 1,234,567 forward FLOPs (a multiply-add is 2)``."""
        words = f"{self.parameters:,} parameters, {self.forward_flops:,} forward FLOPs"
        words += " (a multiply-add is 2)"
        if self.latency_ms is not None:
            words += f", {self.latency_ms:.3g} ms latency"
        return words


def percent(share: float) -> str:
    """A share in 0…1 with two decimals: ``97.50 %``."""
    return f"{100 * share:.2f} %"

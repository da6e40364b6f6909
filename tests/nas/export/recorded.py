"""A small job in a real store, with one checkpoint that was really trained."""

from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import torch

from nas.job_file.spec import JobSpec
from nas.store.records import NewTrial, ReportRow
from nas.store.store import Store
from search_spaces.architecture import Architecture, Choice, Placement
from search_spaces.cost import cost_of
from workers.data import data_shape
from workers.protocol import Segment
from workers.train import train_segment

ARCHITECTURE = Architecture.of(
    Choice.of("cifar_resnet", {"depth": 8, "width": 8, "stem_stride": 1}),
    {Placement("stage1", "pre_add"): Choice.of("se", {"ratio": 4})},
)
SPEC = JobSpec.model_validate(
    {
        "name": "small",
        "data": {"name": "digits", "train_images": 200},
        "space": {
            "backbone": {"name": "cifar_resnet", "depth": 8, "width": 8},
            "attention": [{"types": {"none": {}, "se": {"ratio": [4]}}}],
        },
        "recipe": {"epochs": 1},
        "search": {"trials": 3},
    }
)


def train(path: Path, digits) -> SimpleNamespace:
    """Train a segment: its report and its checkpoint."""
    segment = Segment(
        "0:1", ARCHITECTURE.to_json(), SPEC.recipe_value(), SPEC.data_value(),
        seed=0, start_epoch=0, end_epoch=1, checkpoint_in=None, checkpoint_out=str(path),
        device="cpu",
    )  # fmt: skip
    report = train_segment(segment, digits)
    assert report.outcome == "ok", report.reason
    return SimpleNamespace(report=report, path=path)


def new_trial(kind="search", seed=0, **fields) -> NewTrial:
    cost = cost_of(ARCHITECTURE, data_shape(SPEC.data_value()))
    values = {
        "kind": kind,
        "hash": f"{kind}-{seed}-{fields}",
        "architecture": ARCHITECTURE.to_json(),
        "params": None,
        "seed": seed,
        "parameters": cost.parameters,
        "forward_flops": cost.forward_flops,
        **fields,
    }
    return NewTrial(**values)


class Recorded:
    """A job in a real store, to which trials are added."""

    def __init__(self, home, digits, trained) -> None:
        self.store = Store(f"sqlite:///{home / 'store.db'}")
        self.trained = trained
        self.checkpoint = home / "checkpoint.pt"
        self.checkpoint.write_bytes(trained.path.read_bytes())
        details = {
            "objective": "forward_flops",
            "rungs": [1],
            "shape": asdict(digits.shape),
            "recipe": asdict(SPEC.recipe_value()),
            "data": {
                "name": "digits",
                "hash": digits.data_hash,
                "mean": list(digits.mean),
                "std": list(digits.std),
                "train": 160,
                "validation": 40,
            },
            "reference": {"accuracy": 0.1, "cost": 1e8},
            "versions": {"torch": torch.__version__},
        }
        self.job = self.store.jobs.create("small", SPEC.model_dump(mode="json"), details)

    def add(self, state="done", test_accuracy=None, accuracy=None, reason="", **fields):
        """Record a trial in a state; with its report unless it never got one."""
        number = len(self.store.trials.list(self.job.id))
        fields = {"hash": str(number), **fields}
        trial = self.store.trials.add(self.job.id, number, new_trial(**fields))
        if state != "running":
            self.store.trials.report(trial, self.row(trial, accuracy), state)
        if reason:
            self.store.trials.set_state(trial, state, reason)
        if test_accuracy is not None:
            self.store.trials.set_test_accuracy(trial, test_accuracy)
        return self.store.trials.get(self.job.id, number)

    def row(self, trial, accuracy=None) -> ReportRow:
        report = self.trained.report
        return ReportRow(
            trial.id, 1, report.validation_accuracy if accuracy is None else accuracy,
            report.validation_loss, report.train_loss, report.train_accuracy, 1.0, 0.1,
            str(self.checkpoint), report.checkpoint_sha256, report.worker, report.device,
            1_700_000_000_000,
        )  # fmt: skip

"""Export a trial: code, weights, words; checked in a fresh process before anyone sees it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from nas.drawing.measured import subject_of
from nas.drawing.page import draw
from nas.errors import NotExportable
from nas.export.facts import Facts
from nas.export.folded import folded
from nas.export.folder import appearing, check_target
from nas.export.model_file import model_source
from nas.export.needs import requirements
from nas.export.onnx_file import ONNX, check_onnx, write_onnx
from nas.export.parity import verify
from nas.export.readme import header, readme
from nas.export.searched import SearchedModel
from nas.export.standing import repeats
from nas.export.trained import check_any_finished, finished_trial, searched_model
from nas.store.store import Store
from search_spaces.errors import SpaceError

#: What an export consists of.
FILES = (
    "model.py",
    "model.pt",
    "model.safetensors",
    "architecture.json",
    "architecture.svg",
    "requirements.txt",
    "README.md",
)

#: What Python leaves beside a module that was imported.
LEFT_BY_USE = ("__pycache__",)


@dataclass(frozen=True)
class ExportResult:
    """What was written, and where."""

    folder: Path
    files: tuple[str, ...]
    facts: Facts
    architecture: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            **asdict(self.facts),
            "folder": str(self.folder),
            "files": list(self.files),
            "architecture": self.architecture,
        }


def export(
    store: Store,
    job_name: str,
    trial_number: int,
    to: Path,
    *,
    force: bool = False,
    onnx: bool = False,
) -> ExportResult:
    """Write a finished trial as plain PyTorch code with its weights.

    Args:
        store: where the job is recorded.
        job_name: name or id.
        trial_number: as counted in the job.
        to: the folder to make; it may exist if it is empty.
        force: replace an earlier export there.
        onnx: write an ONNX file, too.

    Raises:
        NotFound: for an unknown job or trial.
        NothingToExport: if the trial has not finished or its checkpoint can't be read.
        UsageProblem: if the folder is in use or can't be written, or ONNX's packages are missing.
        DataProblem: if the input's mean and deviation have to be measured and can't be.
        NotExportable: if its backbone is not there, or can't be written as code.
        ExportMismatch: if the exported model computes anything else; nothing is written then.
    """
    target = to.expanduser().resolve()
    job = store.jobs.get(job_name)
    check_any_finished(store, job)
    trial, report = finished_trial(store, job, trial_number)
    check_target(target, (*FILES, ONNX, *LEFT_BY_USE), force)
    if onnx:
        check_onnx()
    model = searched_model(job, trial, report)
    facts = Facts.of(job, trial, report, repeats(store, job, trial))
    with appearing(target) as folder:
        try:
            write_model(model, header(facts, model), folder)
        except SpaceError as error:
            raise NotExportable(f"the network can't be built here: {error}") from None
        (folder / "README.md").write_text(readme(facts, model), encoding="utf-8")
        needed = requirements(model.architecture.backbone, dict(facts.versions))
        (folder / "requirements.txt").write_text(needed, encoding="utf-8")
        verify([(model, folder)])
        if onnx:
            write_onnx(model, folder)
    files = (*FILES, ONNX) if onnx else FILES
    return ExportResult(target, files, facts, model.architecture.to_dict())


def write_model(model: SearchedModel, head: str, folder: Path) -> None:
    """Write the files of a model, apart from the words on it, into an existing folder."""
    used = folded(model)
    (folder / "model.py").write_text(model_source(used, head), encoding="utf-8")
    torch.save(used.weights, folder / "model.pt")
    save_file(used.weights, folder / "model.safetensors")
    text = json.dumps(model.architecture.to_dict(), indent=2) + "\n"
    (folder / "architecture.json").write_text(text, encoding="utf-8")
    picture = draw(subject_of(model.architecture, model.shape))
    (folder / "architecture.svg").write_text(picture, encoding="utf-8")

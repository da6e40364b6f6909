"""Hold exported models to the searched ones: same images in, same outputs, in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from nas.errors import ExportMismatch
from nas.export import fresh
from nas.export.folded import folded
from nas.export.needs import needed_packages
from nas.export.searched import SearchedModel
from workers.augment import Normalisation

#: Sizes of the batches that are compared.
BATCHES = (1, 2)


Exports = Sequence[tuple[SearchedModel, Path]]


def verify(exports: Exports, timeout_seconds: float = 300) -> None:
    """Import each folder where only what it needs is to be had, and compare.

    Args:
        exports: searched models and the folders that they were exported to.
        timeout_seconds: for the process that runs all of them.

    Raises:
        ExportMismatch: unless every output is equal, bit for bit; nothing may be handed out then.
    """
    for complaint in complaints(exports, timeout_seconds):
        if complaint:
            raise ExportMismatch(f"nothing was exported: {complaint}")


def complaints(exports: Exports, timeout_seconds: float = 300) -> list[str]:
    """What is wrong with each export; empty where all outputs are equal.

    Those that need the same packages share a process.

    Raises:
        ExportMismatch: if a process ends without an answer.
    """
    asked: dict[str, list[int]] = {}
    arguments: list[list[str]] = []
    answers: dict[int, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for number, (model, folder) in enumerate(exports):
            cases = Path(scratch) / str(number)
            cases.mkdir()
            _write_cases(model, cases)
            arguments.append([str(folder), str(cases)])
            needs = ",".join(needed_packages(model.architecture.backbone))
            asked.setdefault(needs, []).append(number)
        for needs, numbers in asked.items():
            pairs = [argument for number in numbers for argument in arguments[number]]
            found = _ask([needs, *pairs], timeout_seconds)
            answers |= dict(zip(numbers, found, strict=True))
    return [_complaint(answers[number]) for number in range(len(exports))]


def _complaint(answer: dict[str, object]) -> str:
    if "error" in answer:
        return f"the exported model can't be used in a fresh process: {answer['error']}"
    if answer["difference"] == 0.0:
        return ""
    return f"the exported model differs from the searched one by {answer['difference']:.3g}"


def _write_cases(model: SearchedModel, folder: Path) -> None:
    """Random images and what the searched model makes of them, as ``cases.pt``."""
    shape, module = model.shape, folded(model).module()
    normalise = Normalisation.of(model.mean, model.std, torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    cases = []
    for batch in BATCHES:
        size = (batch, shape.channels, shape.height, shape.width)
        images = torch.randint(0, 256, size, dtype=torch.uint8, generator=generator)
        with torch.no_grad():
            cases.append((images, module(normalise(images))))
    torch.save({"threads": torch.get_num_threads(), "cases": cases}, folder / "cases.pt")


def _ask(arguments: list[str], timeout_seconds: float) -> list[dict[str, object]]:
    """Run the comparison; ``-P`` keeps our own folders off its path."""
    command = [sys.executable, "-P", str(Path(fresh.__file__)), *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise ExportMismatch(f"no answer from a fresh process in {timeout_seconds} s") from None
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise ExportMismatch(f"a fresh process failed (status {done.returncode}): {last}")
    answers: list[dict[str, object]] = json.loads(done.stdout.splitlines()[-1])
    return answers

"""Attention maps of a finished trial: from the store to a folder of pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas.drawing.map_pages import index_page, stage_picture, stages_of
from nas.errors import DataProblem, UsageProblem
from nas.export.folder import appearing, check_target
from nas.export.trained import check_any_finished, evaluated_module, finished_trial
from nas.job_file.spec import JobSpec
from nas.store.records import Job
from nas.store.store import Store
from search_spaces.architecture import Architecture
from workers.attention_maps import AttentionMaps, ModuleMaps, attention_maps
from workers.data import ImageData, load
from workers.errors import DataError
from workers.sources import class_folders

#: Pictures that an earlier call may have left.
_STAGES = ("stem", *(f"stage{number}" for number in range(1, 10)), "backbone")


@dataclass(frozen=True)
class MapsResult:
    """What was written, and where."""

    job: str
    trial: int
    folder: Path
    files: tuple[str, ...]
    images: int
    modules: tuple[str, ...]
    skipped: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**vars(self), "folder": str(self.folder)}


def write_maps(
    store: Store, job_name: str, number: int, images: int, to: Path, *, force: bool = False
) -> MapsResult:
    """Run test images through a finished trial and draw what its attention does.

    Args:
        store: where the job is recorded.
        job_name: name or id.
        number: of the trial in the job.
        images: how many are drawn.
        to: the folder to make; it may exist if it is empty.
        force: replace earlier maps there.

    Raises:
        NotFound: for an unknown job or trial.
        NothingToExport: if the trial has not finished or its checkpoint can't be read.
        UsageProblem: if the trial has no attention, or the folder is in use.
        DataProblem: if the job's images are not there any more, or others are.
    """
    target = to.expanduser().resolve()
    job = store.jobs.get(job_name)
    trial = store.trials.get(job.id, number)
    check_any_finished(store, job)
    architecture = Architecture.from_json(trial.architecture)
    if not architecture.attention:
        raise UsageProblem(f"trial {number} of job {job.name} has no attention to look at")
    trial, report = finished_trial(store, job, number)
    names = [f"{stage}.svg" for stage in (*_STAGES, *(p.stage for p, _ in architecture.attention))]
    check_target(target, ("index.html", "maps.json", *names), force, "attention maps")
    data = _data(job)
    model = evaluated_module(job, trial, report)
    maps = attention_maps(model, architecture, data, images)
    if not maps.modules:
        raise UsageProblem(f"all attention of trial {number} stands for convolutions: no maps")
    with appearing(target) as folder:
        files = _write(maps, folder, job, number, architecture, class_names(data))
    paths = tuple(module.module for module in maps.modules)
    return MapsResult(job.name, number, target, files, len(maps.images), paths, maps.skipped)


def class_names(data: ImageData) -> list[str]:
    """The folders' names where classes are folders, else ``class 0`` and so on."""
    if data.spec.name == "image_folder":
        return list(class_folders(data.spec))
    return [f"class {label}" for label in range(data.shape.classes)]


def _data(job: Job) -> ImageData:
    try:
        data = load(JobSpec.model_validate(job.spec).data_value())
    except DataError as error:
        raise DataProblem(str(error)) from None
    if data.data_hash != job.details["data"]["hash"]:
        raise DataProblem(
            f"the images of job {job.name} have changed since it was submitted: their hash is "
            f"{data.data_hash}, not {job.details['data']['hash']}"
        )
    return data


def _write(
    maps: AttentionMaps,
    folder: Path,
    job: Job,
    number: int,
    architecture: Architecture,
    names: list[str],
) -> tuple[str, ...]:
    stages = stages_of(maps)
    pictures = [(stage, f"{stage}.svg") for stage in stages]
    for stage, file in pictures:
        (folder / file).write_text(stage_picture(maps, stage, names), encoding="utf-8")
    title = f"Attention of trial {number} of job {job.name}"
    (folder / "index.html").write_text(index_page(maps, title, pictures), encoding="utf-8")
    about = {"job": job.name, "trial": number, "architecture": architecture.to_dict()}
    numbers = json.dumps(about | as_dict(maps, names), allow_nan=False)
    (folder / "maps.json").write_text(numbers + "\n", encoding="utf-8")
    return ("index.html", "maps.json", *(file for _, file in pictures))


def as_dict(maps: AttentionMaps, names: list[str]) -> dict[str, Any]:
    """Every number of the pictures, JSON-ready; images by their index in the test set."""
    return {
        "images": [
            {"index": i.index, "class": names[i.label], "predicted": names[i.predicted]}
            for i in maps.images
        ],
        "counted_images": maps.counted,
        "modules": [_module(module, names) for module in maps.modules],
        "skipped": list(maps.skipped),
    }


def _module(module: ModuleMaps, names: list[str]) -> dict[str, Any]:
    return {
        "module": module.module,
        "placement": str(module.placement),
        "block": module.block,
        "type": module.choice.name,
        **module.choice.as_dict(),
        "family": module.family,
        "gate": module.gate,
        "channels": {names[label]: means for label, means in module.channels.items()} or None,
        "change": module.change,
        "reach": module.reach,
    }

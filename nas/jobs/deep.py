"""The deep check of a job: reads the data, builds costs, estimates hours. Loads torch.

``run`` and ``submit`` make it before anything is written; ``validate --deep`` shows it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import torch

from nas.errors import DataProblem, JobFileError, NoSuchDevice, OverLimit, Problem
from nas.home import ray_address
from nas.job_file.reading import Locate, dotted
from nas.job_file.sizes import in_words as size_in_words
from nas.job_file.spec import JobSpec
from nas.jobs.estimate import duration, epoch_seconds, hours, trainings
from nas.search.baselines import refused_own
from search_spaces.amount import Cost
from search_spaces.architecture import Architecture, TaskShape
from search_spaces.cost import cost_of, cost_range
from search_spaces.errors import SpaceErrors
from search_spaces.space import SearchSpace
from workers.data import load
from workers.device import resolve_device
from workers.errors import DataError, StorageError
from workers.outcomes import Diverged
from workers.sources import class_folders
from workers.storage import storage_of

#: Architectures drawn to see how much of a space is within the limits, and what is usual in it.
SAMPLES = 200

#: A budget of fewer trainings than this is refused; an estimate can be off by its factor.
LEAST_TRAINING = 0.25


@dataclass(frozen=True)
class DeepReport:
    """What a job would do, found by looking at its data and its space.

    Attributes:
        shape: of the images.
        data_hash: of all images and their split.
        mean: of each channel of the training images, 0…255; std: its standard deviation.
        train_images: images to train on; validation_images, test_images likewise.
        space_size: distinct architectures.
        lowest: the least of each cost in the space; highest: the greatest.
        share_within_limits: of the space, estimated on a sample; 1 without limits.
        epoch_seconds: of a usual architecture on one worker here; None if not timed.
        hours: at most, of the whole search on all workers, pruning and finalists left out.
        trainings: full ones that the budget is enough for, finalists counted; None without one.
        latency_limited: whether there is a limit that only measuring can hold candidates to.
        class_names: of an image folder, by label; empty otherwise.
    """

    shape: TaskShape
    data_hash: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    train_images: int
    validation_images: int
    test_images: int
    space_size: int
    lowest: Cost
    highest: Cost
    share_within_limits: float
    epoch_seconds: float | None = None
    hours: float | None = None
    trainings: float | None = None
    latency_limited: bool = False
    class_names: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """JSON-ready."""
        shape = self.shape
        return {
            "image": [shape.channels, shape.height, shape.width],
            "classes": shape.classes,
            "data_hash": self.data_hash,
            "images": {
                "train": self.train_images,
                "validation": self.validation_images,
                "test": self.test_images,
            },
            "space_size": self.space_size,
            "parameters": [self.lowest.parameters, self.highest.parameters],
            "forward_flops": [self.lowest.forward_flops, self.highest.forward_flops],
            "share_within_limits": self.share_within_limits,
            "epoch_seconds": self.epoch_seconds,
            "hours": self.hours,
            "trainings": self.trainings,
        }

    def _unmeasured(self) -> str:
        return ", before latency is measured" if self.latency_limited else ""

    def rows(self) -> list[tuple[str, str]]:
        """For people."""
        shape, low, high = self.shape, self.lowest, self.highest
        rows = [
            ("image", f"{shape.channels}x{shape.height}x{shape.width}, {shape.classes} classes"),
            ("images to train on", f"{self.train_images:,}"),
            ("images to compare on", f"{self.validation_images:,}"),
            ("test images", f"{self.test_images:,}"),
            ("architectures", f"{self.space_size:,}"),
            ("parameters", f"{low.parameters:,} to {high.parameters:,}"),
            ("forward FLOPs", f"{low.forward_flops:,} to {high.forward_flops:,}"),
            ("within the limits", f"about {self.share_within_limits:.0%}{self._unmeasured()}"),
        ]
        if self.hours is not None and self.epoch_seconds is not None:
            rows.append(("an epoch", f"about {self.epoch_seconds:.1f} s on one worker"))
            rows.append(("the search", f"at most about {duration(self.hours)}, without pruning"))
        if self.trainings is not None:
            rows.append(("the budget", f"about {self.trainings:,.0f} full trainings, repeats too"))
        return rows


def deep_check(spec: JobSpec, locate: Locate | None = None, *, estimate: bool = True) -> DeepReport:
    """Check all that needs the data or a model, and describe what the job would do.

    Args:
        spec: passed the light check.
        locate: tells a problem's place in the job file, see ``spec_file.locator``.
        estimate: also train a few batches to estimate the hours (a second or two).

    Raises:
        DataProblem: the images are missing, damaged or too few.
        JobFileError: attention, of the space or of the user's own baselines, can't stand on the
            feature maps that these images make; the place of the checkpoints can't be written;
            GPU-hours are limited and no worker holds a GPU; training
            diverges at once; or a budget or the disk limit is hopelessly small.
        OverLimit: no architecture is within the job's cost limits.
        NoSuchDevice: the job asks for a GPU that is not here.
    """
    device = _device(spec)
    _check_place(spec, locate or _nowhere)
    _check_gpu_hours(spec, locate or _nowhere)
    try:
        data = load(spec.data_value())
    except DataError as error:
        raise DataProblem(str(error)) from error
    space = spec.search_space()
    _check_guards(space, data.shape, locate or _nowhere)
    _check_baselines(spec, data.shape, locate or _nowhere)
    low, high = cost_range(space, data.shape)
    _check_room(spec, low, locate or _nowhere)
    sample = _sample(space, data.shape, spec.seed)
    share = _share_within(spec, low, [cost for _, cost in sample], space.size())
    seconds = None
    if estimate:
        try:
            seconds = epoch_seconds(spec, data, _usual(sample), device)
        except Diverged as error:
            told = f"{spec.recipe.learning_rate:g} lets the first few batches diverge: {error}"
            path = ("recipe", "learning_rate")
            raise JobFileError([(locate or _nowhere)(path, told)]) from None
    affordable = None
    if seconds is not None:
        affordable = _affordable(spec, seconds, locate or _nowhere)
    return DeepReport(
        data.shape,
        data.data_hash,
        data.mean,
        data.std,
        len(data.train),
        len(data.validation),
        len(data.test),
        space.size(),
        low,
        high,
        share,
        seconds,
        None if seconds is None else hours(spec, seconds),
        affordable,
        spec.cost.limits.latency_ms is not None,
        class_folders(data.spec) if data.spec.name == "image_folder" else (),
    )


def _affordable(spec: JobSpec, seconds: float, locate: Locate) -> float | None:
    """Full trainings that the budget is enough for; a cluster's speed is not known here."""
    found = None if ray_address(spec.workers.address) else trainings(spec, seconds)
    if found is None:
        return None
    name, count = found
    if count < LEAST_TRAINING:
        took = duration(spec.recipe.epochs * seconds / 3600)
        told = f"is far less than one training takes here (about {took} on one worker)"
        raise JobFileError([locate(("budget", name), told)])
    return count


def _device(spec: JobSpec) -> torch.device:
    if ray_address(spec.workers.address):
        return torch.device("cpu")  # the cluster's devices are not seen from here
    try:
        return resolve_device(spec.workers.device)
    except ValueError as error:
        raise NoSuchDevice(f"workers.device: {error}") from None


def _check_place(spec: JobSpec, locate: Locate) -> None:
    place = spec.checkpoints.place
    if place is None:
        return
    try:
        storage_of(place).check_writable(place)
    except StorageError as error:
        raise JobFileError([locate(("checkpoints", "place"), str(error))]) from None


def _check_gpu_hours(spec: JobSpec, locate: Locate) -> None:
    """A limit that nothing counts towards would never end the job."""
    if spec.budget.gpu_hours is not None and not spec.workers.gpus:
        told = "no worker holds a GPU, so the limit would never strike: set workers.gpus too"
        raise JobFileError([locate(("budget", "gpu_hours"), told)])


def _check_room(spec: JobSpec, low: Cost, locate: Locate) -> None:
    """A checkpoint is replaced by the next one, so two of the smallest network must fit."""
    limit, least = spec.checkpoints.disk_limit, 2 * checkpoint_bytes(spec, low.parameters)
    if limit is not None and limit < least:
        told = (
            f"{size_in_words(limit)} is less than two checkpoints of the smallest network "
            f"({size_in_words(least)})"
        )
        raise JobFileError([locate(("checkpoints", "disk_limit"), told)])


def checkpoint_bytes(spec: JobSpec, parameters: int) -> int:
    """What a checkpoint of a network takes at the least: weights, and what the optimizer keeps."""
    moments = {"sgd": 1, "adamw": 2}[spec.recipe.optimizer]
    return 4 * parameters * (1 + moments)


def _nowhere(path: tuple[str | int, ...], message: str) -> Problem:
    return Problem("", dotted(path), message)


def _check_guards(space: SearchSpace, shape: TaskShape, locate: Locate) -> None:
    try:
        space.check(shape)
    except SpaceErrors as error:
        raise JobFileError([locate(("space", *e.path), str(e)) for e in error.errors]) from None


def _check_baselines(spec: JobSpec, shape: TaskShape, locate: Locate) -> None:
    wanted, limits = spec.search.baselines, spec.cost.limits.model_dump(exclude_none=True)
    errors = refused_own(wanted, spec.search_space(), shape, limits)
    if errors:
        place = ("search", "baselines", "own")
        raise JobFileError([locate((*place, *e.path), str(e)) for e in errors])


def _sample(space: SearchSpace, shape: TaskShape, seed: int) -> list[tuple[Architecture, Cost]]:
    """Some architectures with their costs: all of a small space, else drawn uniformly."""
    rng = random.Random(seed)
    if space.size() <= SAMPLES:
        drawn = list(space.enumerate())
    else:
        drawn = [space.sample_uniform(rng) for _ in range(SAMPLES)]
    return [(architecture, cost_of(architecture, shape)) for architecture in drawn]


def _share_within(spec: JobSpec, low: Cost, costs: list[Cost], size: int) -> float:
    """The share of sampled costs within the limits on parameters and FLOPs.

    Raises:
        OverLimit: if the least cost in the space is over a limit, or if all of a space of this
            size was sampled and nothing is within.
    """
    limits = {
        name: limit
        for name in ("parameters", "forward_flops")
        if (limit := getattr(spec.cost.limits, name)) is not None
    }
    for name, limit in limits.items():
        least = getattr(low, name)
        if least > limit:
            raise OverLimit(
                f"cost.limits.{name} is {limit:,.0f}, but no architecture of the space has fewer "
                f"than {least:,}: raise the limit or offer smaller backbones"
            )
    within = [all(getattr(c, name) <= limit for name, limit in limits.items()) for c in costs]
    if not any(within) and size <= SAMPLES:
        names = " and ".join(f"cost.limits.{name}" for name in limits)
        raise OverLimit(f"none of the space's {size} architectures is within {names} together")
    return sum(within) / len(within)


def _usual(sample: list[tuple[Architecture, Cost]]) -> Architecture:
    """The architecture of median FLOPs."""
    return sorted(sample, key=lambda pair: pair[1].forward_flops)[len(sample) // 2][0]

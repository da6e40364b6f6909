"""The sections of a job file: names, types and ranges of what each holds. No torch."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from nas.job_file.baselines import read_baselines
from nas.job_file.durations import hours_of
from nas.job_file.sizes import bytes_of
from search_spaces.errors import SpaceErrors, unknown
from workers.datasets import DATASETS, DataSpec
from workers.places import check_place
from workers.recipe import Recipe
from workers.threads import cores

Objective = Literal["forward_flops", "parameters", "latency_ms"]
Sampler = Literal["known_cost", "tpe", "nsga2", "random", "gp"]
Pruner = Literal["pareto", "none"]
Place = tuple[str | int, ...]

#: Trials of a search from which it is audited unless the job file says otherwise.
LEAST_AUDITED = 60

_WORDS = {"yes": True, "on": True, "no": False, "off": False}

#: A switch: ``true``/``false``, and YAML 1.1's ``yes``/``no``/``on``/``off``.
Flag = Annotated[bool, BeforeValidator(lambda v: _WORDS.get(v, v) if isinstance(v, str) else v)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(gt=0, le=1)]

#: Hours as a number, or a text such as ``90m``.
Hours = Annotated[float, BeforeValidator(hours_of)]

#: Bytes as a number, or a text such as ``20 GB``.
Size = Annotated[int, BeforeValidator(bytes_of)]


def _address(value: object) -> object:
    found = urlsplit(value) if isinstance(value, str) else None
    if found is None or found.scheme not in ("http", "https") or not found.hostname:
        raise ValueError(f"{value!r} is no address; allowed: https://HOST/PATH")
    return value


#: An address that is told of the job's end.
Webhook = Annotated[str, BeforeValidator(_address)]


class Section(BaseModel):
    """A part of a job file: unknown keys are refused and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_default(cls, data: object) -> object:
        """A known key without a value (its lines commented out) is an absent key."""
        if not isinstance(data, dict):
            return data
        return {k: v for k, v in data.items() if v is not None or k not in cls.model_fields}


class DataSection(Section):
    """Which images, and how they are split; see ``workers.datasets.DataSpec``."""

    name: str = DataSpec.name
    root: str = DataSpec.root
    download: Flag = DataSpec.download
    fraction: Share = DataSpec.fraction
    train_images: int = Field(DataSpec.train_images, ge=0)
    validation: float = Field(DataSpec.validation, gt=0, lt=1)
    image_size: int = Field(DataSpec.image_size, ge=4, le=1024)
    split_seed: int = DataSpec.split_seed

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in DATASETS:
            raise ValueError(unknown("data set", name, DATASETS))
        return name

    @model_validator(mode="after")
    def _rooted(self) -> DataSection:
        if DATASETS[self.name].needs_root and not self.root:
            raise problems([(("root",), f"{self.name} needs the folder that holds its files")])
        return self


class RecipeSection(Section):
    """How a candidate is trained; see ``workers.recipe.Recipe``.

    Attributes:
        schedule: ``whole``: one cycle of the learning rate over all epochs; ``annealed``: one up to
            every rung, so that what is compared there is a finished model.
    """

    epochs: int = Field(Recipe.epochs, ge=1, le=10_000)
    schedule: Literal["whole", "annealed"] = "whole"
    batch_size: Count = Recipe.batch_size
    optimizer: Literal["sgd", "adamw"] = Recipe.optimizer
    learning_rate: float = Field(Recipe.learning_rate, gt=0)
    momentum: float = Field(Recipe.momentum, ge=0, lt=1)
    weight_decay: float = Field(Recipe.weight_decay, ge=0)
    warmup: float = Field(Recipe.warmup, ge=0, lt=1)
    label_smoothing: float = Field(Recipe.label_smoothing, ge=0, lt=1)
    augmentation: Literal["auto", "none", "crop", "crop_flip"] = Recipe.augmentation
    precision: Literal["auto", "float32", "bfloat16"] = Recipe.precision
    channels_last: Literal["auto", "on", "off"] = Recipe.channels_last
    recalibrate_batch_norm: Flag = Recipe.recalibrate_batch_norm
    recalibration_batches: Count = Recipe.recalibration_batches


class Limits(Section):
    """Upper limits of cost; a candidate over one of them is never trained."""

    parameters: float | None = Field(None, gt=0)
    forward_flops: float | None = Field(None, gt=0)
    latency_ms: float | None = Field(None, gt=0)


class CostSection(Section):
    """What accuracy is weighed against."""

    objective: Objective = "forward_flops"
    limits: Limits = Limits()
    latency_batch: Count = 1


class AuditSection(Section):
    """Uniform draws that are never pruned: they tell which rungs predict the last one.

    Attributes:
        trials: how many of the search's; 0: none. ``auto``: one in ten, at least 8 and at most 24,
            and none in a search of fewer than ``LEAST_AUDITED`` trials or without pruning.
        threshold: of the rank correlation (Kendall's tau) below which a rung prunes nothing.
    """

    trials: int | Literal["auto"] = "auto"
    threshold: float = Field(0.2, ge=-1, le=1)

    @field_validator("trials", mode="plain")
    @classmethod
    def _whole_or_auto(cls, value: object) -> int | str:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if value == "auto" or (whole and value >= 0):  # type: ignore[operator]
            return value  # type: ignore[return-value]
        raise ValueError(f"{value!r} is not a number of trials; allowed: auto, an integer from 0")


class SearchSection(Section):
    """How many architectures are tried, who suggests them and who stops them early.

    Attributes:
        trials: architectures to train, baselines counted, duplicates not.
        rungs: epochs at which trials are compared; the last is ``recipe.epochs``.
        prune_after: so many trials, the first at a rung, all go on to the next.
        reduction: of those after them, one of so many goes on, at the least.
        promote_by_surrogate: share of those that follow the surrogate's forecast instead of the
            rank at the rung.
        audit: how well rungs predict the last one.
        cache: take what any job of the store has trained already instead of training it again.
        baselines: hand rules to train first, so that the verdict has something to stand on; see
            ``nas.job_file.baselines``.
        inherit: score candidates on the weights of their trained plain backbone first.
        inherit_epochs: that the inserted parts train for such a score.
        seed: of the sampler's draws; the job's own seed is that of the trainings.
    """

    trials: int = Field(ge=1, le=100_000)
    sampler: Sampler = "known_cost"
    pruner: Pruner = "pareto"
    rungs: Annotated[tuple[Count, ...], Field(strict=False)] | None = None
    prune_after: int = Field(10, ge=0)
    reduction: int = Field(3, ge=2)
    promote_by_surrogate: float = Field(0.25, ge=0, le=1)
    audit: AuditSection = AuditSection()
    cache: Flag = True
    baselines: dict[str, Any] = Field(default_factory=lambda: read_baselines(True))
    inherit: Flag = False
    inherit_epochs: Count = 1
    seed: int = Field(0, ge=0, lt=2**31)

    @field_validator("audit")
    @classmethod
    def _audit_fits(cls, audit: AuditSection, info: ValidationInfo) -> AuditSection:
        trials = info.data.get("trials")
        if audit.trials != "auto" and trials is not None and audit.trials > trials:
            told = f"{audit.trials} is more than search.trials, which is {trials}"
            raise problems([(("trials",), told)])
        return audit

    @property
    def audited(self) -> int:
        """How many trials the audit takes, with ``auto`` resolved."""
        wanted = self.audit.trials
        if self.pruner == "none":
            return 0
        if wanted != "auto":
            return wanted
        return 0 if self.trials < LEAST_AUDITED else min(24, max(8, self.trials // 10))

    @field_validator("baselines", mode="plain")
    @classmethod
    def _baselines(cls, value: object) -> dict[str, Any]:
        """The full form of what may be a switch or a list; every error keeps its place."""
        try:
            return read_baselines(_WORDS.get(value, value) if isinstance(value, str) else value)
        except SpaceErrors as error:
            raise problems([(e.path, str(e)) for e in error.errors]) from None


class BudgetSection(Section):
    """What the whole job may spend beside ``search.trials``; an absent limit is none.

    Attributes:
        epochs: trained and recorded, repeats counted.
        wall_clock: hours that the job is driven, over all resumes.
        cpu_hours: cores that workers hold, times the hours that they hold them for tasks.
        gpu_hours: likewise of GPUs.
        finalists_share: of each limit, at most so much is kept for finalists and test accuracy.
    """

    epochs: Count | None = None
    wall_clock: Hours | None = None
    cpu_hours: Hours | None = None
    gpu_hours: Hours | None = None
    finalists_share: float = Field(0.5, ge=0, lt=1)


class CheckpointsSection(Section):
    """Where trained weights lie, and how much room they may take.

    Attributes:
        place: a folder or a URL such as ``s3://bucket/nas``, in which the job gets a folder of its
            own; absent: in ``NAS_HOME``.
        disk_limit: bytes; over it, weights that nobody needs to go on are given up.
    """

    place: str | None = None
    disk_limit: Size | None = None

    @field_validator("place")
    @classmethod
    def _understood(cls, place: str | None) -> str | None:
        return None if place is None else check_place(place)


class FinalistsSection(Section):
    """Repeats of the front's members and the baselines on further seeds (0: none)."""

    seeds: int = Field(3, ge=0, le=100)


class WorkersSection(Section):
    """What trains: how many workers, what each takes, and where.

    Attributes:
        count: workers; ``auto``: as many as the machine's cores (or GPUs) allow.
        gpus: share of a GPU a worker takes: 0, up to 1, or a whole number.
        address: of a running Ray cluster; absent: NAS_RAY_ADDRESS, or Ray is started here.
        patience: hours to wait while no worker is up; absent: without end on a cluster.
    """

    count: int | Literal["auto"] = "auto"
    cpus: Count = 1
    gpus: float = Field(0, ge=0)
    address: str | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    patience: Hours | None = None

    @field_validator("count", mode="plain")
    @classmethod
    def _positive_or_auto(cls, value: object) -> int | str:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if value == "auto" or (whole and value >= 1):  # type: ignore[operator]
            return value  # type: ignore[return-value]
        raise ValueError(f"{value!r} is not a number of workers; allowed: auto, an integer from 1")

    @field_validator("gpus")
    @classmethod
    def _whole_beyond_one(cls, value: float) -> float:
        if value > 1 and value != int(value):
            raise ValueError(f"{value} GPUs a worker; more than one must be a whole number")
        return value

    def resolved_count(self, available: int | None = None) -> int:
        """How many workers to start; ``auto`` is one for every ``cpus`` cores of this machine."""
        if self.count != "auto":
            return self.count
        return max(1, (available or cores()) // self.cpus)


class TrackingSection(Section):
    """Whether the job is recorded in MLflow as well as in our store."""

    enabled: Flag = True


def problems(found: list[tuple[Place, str]]) -> ValidationError:
    """Errors at places below the one being validated, for pydantic to collect with its own."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("job_file", "{text}", {"text": text}), loc=place, input=None
        )
        for place, text in found
    ]
    return ValidationError.from_exception_data("job file", details)

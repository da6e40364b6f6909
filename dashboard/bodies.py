"""What requests may hold; read strictly, unknown keys are refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from nas.holding.control import PRIORITIES

_Priority = Annotated[int, Field(ge=PRIORITIES.start, le=PRIORITIES.stop - 1)]
_Trial = Annotated[int, Field(ge=0, lt=2**31)]
_Overrides = Annotated[list[Annotated[str, Field(max_length=10_000)]], Field(max_length=100)]
_Costs = Literal["forward_flops", "parameters", "latency_ms"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Submission(_Body):
    """A job file with what ``nas submit`` takes beside it; its name is for messages alone."""

    job_file: str = Field(max_length=1_000_000)
    file_name: str = Field("job.yaml", min_length=1, max_length=255)
    overrides: _Overrides = []
    priority: _Priority = 0


class Check(_Body):
    """A job file to look at."""

    job_file: str = Field(max_length=1_000_000)
    overrides: _Overrides = []


class PriorityBody(_Body):
    """A place in the queue."""

    priority: _Priority


class Retry(_Body):
    """What is done again beside what was cut off."""

    failed_trials: bool = False


NOTHING_MORE = Retry()


class Extension(_Body):
    """What a job gets more: as ``nas extend``.

    Attributes:
        space: a ready space's name, a section, or one as YAML.
    """

    trials: int | None = Field(None, ge=1, le=100_000)
    space: Annotated[str, Field(max_length=1_000_000)] | dict[str, Any] | None = None
    overrides: _Overrides = []


class Export(_Body):
    """Which trial is wanted: its number, or a rule that picks one of the front.

    ``register_as``: the model of MLflow's registry that it becomes a version of, too; empty: named
    like the job. ``onnx``: an ONNX file is wanted, too.
    """

    trial: _Trial | None = None
    pick: Literal["knee", "accurate", "cheap", "one-standard-error"] | None = None
    under: dict[_Costs, Annotated[float, Field(gt=0)]] = {}
    register_as: Annotated[str, Field(max_length=200)] | None = None
    onnx: bool = False


class Maps(_Body):
    """Of which trial, over how many test images."""

    trial: _Trial
    images: int = Field(8, ge=1, le=32)


class Retraining(_Body):
    """A trial to train again, as ``nas retrain``."""

    trial: _Trial
    epochs: int = Field(ge=1, le=10_000)
    overrides: _Overrides = []
    seed: int | None = Field(None, ge=0, lt=2**31)

"""Everything about a job that is fixed at submission: what the search works with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from os import PathLike
from typing import Any

from nas.drawing.measured import subject_of
from nas.job_file.spec import JobSpec
from nas.store.records import Job
from search_spaces.amount import Cost
from search_spaces.architecture import Architecture, TaskShape
from search_spaces.canonical import canonical
from search_spaces.cost import cost_of
from search_spaces.space import SearchSpace
from workers.datasets import DataSpec
from workers.places import joined
from workers.protocol import TRAINING_VERSION
from workers.recipe import Recipe

#: What the data set is called and where it lies does not change what is learned.
_PLACE_ONLY = ("name", "root", "download")


@dataclass(frozen=True)
class Plan:
    """A job, resolved.

    Attributes:
        recipe: with every ``auto`` resolved, so that it can be hashed.
        rungs: epochs at which trials are compared; the last is the full budget.
        seed: of weights, data order and augmentation, the same for every searched trial.
        device: ``cpu`` or ``cuda``.
        data_hash: of the images and their split.
        reference: chance accuracy and the highest cost, against which hypervolume is taken.
        limits: upper limits by cost name.
        checkpoints: the place of this job's checkpoints: a folder, or a URL.
    """

    job_id: int
    spec: JobSpec
    space: SearchSpace
    shape: TaskShape
    recipe: Recipe
    data: DataSpec
    rungs: tuple[int, ...]
    seed: int
    device: str
    data_hash: str
    reference: tuple[float, float]
    limits: Mapping[str, float]
    checkpoints: str

    @classmethod
    def of(cls, job: Job, checkpoints: str | PathLike[str]) -> Plan:
        """Read a job's row back; ``checkpoints`` is where they lie if the job names no place."""
        spec = JobSpec.model_validate(job.spec)
        details = job.details
        return cls(
            job_id=job.id,
            spec=spec,
            space=spec.search_space(),
            shape=TaskShape(**details["shape"]),
            recipe=Recipe(**details["recipe"]),
            data=spec.data_value(),
            rungs=tuple(details["rungs"]),
            seed=spec.seed,
            device=details["device"],
            data_hash=details["data"]["hash"],
            reference=(details["reference"]["accuracy"], details["reference"]["cost"]),
            limits={k: v for k, v in spec.cost.limits.model_dump().items() if v is not None},
            checkpoints=job.place_of_checkpoints(checkpoints),
        )

    @property
    def objective(self) -> str:
        """The cost that accuracy is weighed against."""
        return self.spec.cost.objective

    @property
    def measures_latency(self) -> bool:
        """Whether a candidate's forward time must be known before it may be trained."""
        return self.objective == "latency_ms" or "latency_ms" in self.limits

    def cost(self, architecture: Architecture) -> Cost:
        """Parameters and forward FLOPs, exact."""
        return cost_of(architecture, self.shape)

    def subject(self, architecture: Architecture) -> dict[str, Any]:
        """What is drawn of it, for those who can't measure it; see ``nas.drawing.subject``."""
        return subject_of(architecture, self.shape).to_dict()

    def over_limit(self, costs: Mapping[str, float | None]) -> str | None:
        """The first limit that these costs exceed, in words, or None."""
        for name, limit in self.limits.items():
            value = costs.get(name)
            if value is not None and value > limit:
                return f"{name} {value:,g} is over the limit of {limit:,g}"
        return None

    def trial_hash(self, architecture: Architecture, seed: int) -> str:
        """What makes two trainings the same: equal hashes give equal numbers, in any job.

        Architectures that build the same model have the same hash, however they are written.
        """
        model = canonical(architecture, self.shape).to_dict()
        training = {"architecture": model, "seed": seed, "training": TRAINING_VERSION}
        return _digest(self._training | training)

    @cached_property
    def _training(self) -> dict[str, Any]:
        """What all trainings of the job have in common, as far as it changes what is learned."""
        data = {k: v for k, v in asdict(self.data).items() if k not in _PLACE_ONLY}
        return {
            # A recipe without restarts has the hash that it had before there were any.
            "recipe": {k: v for k, v in asdict(self.recipe).items() if v != ()},
            "data": data | {"hash": self.data_hash},
            "device": self.device,
        }

    def checkpoint(self, number: int, epoch: int) -> str:
        """Where a trial's checkpoint at a rung lies."""
        return joined(self.trial_folder(number), f"{epoch:04d}.pt")

    def trial_folder(self, number: int) -> str:
        """What holds a trial's checkpoints, and nothing else."""
        return joined(self.checkpoints, f"{number:05d}")


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]

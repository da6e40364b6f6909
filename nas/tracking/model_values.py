"""What MLflow's Model Registry is told about an exported model. No mlflow import."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any

from nas.analysis.front import Point
from nas.errors import UsageProblem
from nas.store.records import COSTS, Job, Trial
from nas.tracking.links import Pages
from nas.tracking.values import job_tags, page_note
from search_spaces.architecture import Architecture

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,199}")

#: What the interface to MLflow needs beside what the exported code does.
_SERVING = ("numpy", "safetensors")


def check_model_name(name: str) -> str:
    """Give a registered model's name back if it is one.

    Raises:
        UsageProblem: with the rule, and a name near the given one that keeps it.
    """
    if _NAME.fullmatch(name):
        return name
    near = re.sub(r"[^A-Za-z0-9 ._-]+", "-", name).strip(" ._-")[:200]
    hint = f" (for example {near!r})" if near else ""
    raise UsageProblem(
        f"{name!r} is no name for a registered model{hint}; a name has 1 to 200 characters: "
        "letters, digits, ' ', '.', '_', '-'; the first a letter or a digit"
    )


@dataclass(frozen=True)
class Candidate:
    """What is to be registered, apart from its files.

    Attributes:
        trial: that was exported.
        point: the trial's accuracy and costs, with what further seeds say.
        packages: that its code imports, torch first.
        pick: the rule that took it from the front; empty if it was named by its number.
        reason: of the pick.
    """

    job: Job
    trial: Trial
    point: Point
    packages: Sequence[str]
    pick: str = ""
    reason: str = ""

    @property
    def alias(self) -> str:
        """``pareto-knee``, or ``trial-7`` of what was named by its number."""
        return f"pareto-{self.pick}" if self.pick else f"trial-{self.trial.number}"

    @property
    def logged_name(self) -> str:
        """Of the model among those of the experiment; MLflow allows no dot there."""
        return f"{self.job.name.replace('.', '-')}-trial-{self.trial.number}"

    @property
    def identity(self) -> dict[str, str]:
        """The tags by which an earlier registration of the same trial is found."""
        return job_tags(self.job) | {"nas.kind": "model", "nas.trial": str(self.trial.number)}

    def tags(self) -> dict[str, str]:
        """What a version is filtered by: accuracies in 0…1 with their interval, costs, origin."""
        point = self.point
        numbers: dict[str, Any] = {
            "accuracy": point.accuracy,
            "accuracy_mean": point.accuracy_mean,
            "accuracy_low": point.accuracy_low,
            "accuracy_high": point.accuracy_high,
            "seeds": point.seeds,
            "test_accuracy": point.test_accuracy,
            **{name: getattr(point, name) for name in COSTS},
        }
        words = {
            "objective": self.job.details["objective"],
            "hash": self.trial.hash,
            "architecture": Architecture.from_json(self.trial.architecture).hash,
            "picked": self.reason,
            "page": Pages.here().trial(self.job.name, self.trial.number),
        }
        told = {key: str(value) for key, value in numbers.items() if value is not None}
        told |= {key: value for key, value in words.items() if value}
        return self.identity | {f"nas.{key}": text for key, text in told.items()}

    def description(self) -> str:
        """Of the version, in Markdown."""
        built = Architecture.from_json(self.trial.architecture)
        _, missing = requirements(self.packages)
        told = page_note(Pages.here().trial(self.job.name, self.trial.number))
        told += f"Trial {self.trial.number} of job {self.job.name}: `{built}`.\n\n"
        told += "Takes images (B, C, H, W) with values 0 to 255, not normalised; gives logits."
        if missing:
            told += f"\n\nNeeds {', '.join(missing)} beside its `requirements.txt`."
        return told


def requirements(packages: Sequence[str]) -> tuple[list[str], list[str]]:
    """What pip installs for a model that imports these packages, pinned to what is used here.

    Returns:
        lines for pip, and packages that no distribution provides: a user's own code.
    """
    provided = packages_distributions()
    lines, missing = [], []
    for package in (*packages, *_SERVING):
        try:
            name = provided[package][0]
            # What follows a plus names a build, such as one for a kind of device.
            lines.append(f"{name}=={version(name).partition('+')[0]}")
        except (KeyError, PackageNotFoundError):
            missing.append(package)
    return list(dict.fromkeys(lines)), missing

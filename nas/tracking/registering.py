"""From an export to MLflow's Model Registry. MLflow is imported when a registry is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nas.analysis.front import point_of, repeats_of
from nas.export.needs import needed_packages
from nas.home import Home
from nas.store.store import Store
from nas.tracking.model_values import Candidate, check_model_name
from nas.tracking.place import Place
from search_spaces.architecture import Architecture, TaskShape

if TYPE_CHECKING:
    from nas.export.bundle import ExportResult
    from nas.tracking.mlflow_registry import Registered, Registry


def opened_registry(home: Home, name: str) -> Registry:
    """The registry where the home's jobs are recorded; before anything is exported.

    Raises:
        UsageProblem: for a name that the registry wouldn't take.
        ServiceUnreachable: if the tracking server doesn't answer.
    """
    check_model_name(name)
    from nas.tracking.mlflow_registry import Registry

    return Registry(Place.of(home), name)


def register(
    registry: Registry, store: Store, result: ExportResult, pick: str, reason: str
) -> Registered:
    """Register what was just exported.

    Args:
        registry: with the name.
        store: of the job.
        result: the export; its folder is read.
        pick: the rule that took the trial; empty if it was named by its number.
        reason: of the pick.

    Raises:
        ServiceUnreachable: if the tracking server stopped to answer; may be repeated then.
    """
    job = store.jobs.get(result.facts.job)
    trials = store.trials.list(job.id)
    trial = next(trial for trial in trials if trial.number == result.facts.trial)
    packages = needed_packages(Architecture.from_json(trial.architecture).backbone)
    point = point_of(trial, repeats_of(trials))
    candidate = Candidate(job, trial, point, packages, pick, reason)
    return registry.register(result.folder, candidate, TaskShape(**job.details["shape"]))

"""A client of MLflow's: the database behind it, our experiment in it, a job's run in that."""

from __future__ import annotations

import fcntl
import logging
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from sqlalchemy import make_url

from nas.store.records import Job
from nas.tracking import values

EXPERIMENT = "attention placement"

# Opens the experiment in the part of MLflow's pages that shows training runs.
_EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}

logging.getLogger("mlflow").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Experiment:
    """Our experiment on one tracking server.

    Attributes:
        client: of the server; every call blocks.
        id: of the experiment.
    """

    client: MlflowClient
    id: str

    @classmethod
    def open(cls, tracking_uri: str, artifact_location: str | None) -> Experiment:
        """Find the experiment, or make it.

        Args:
            tracking_uri: ``sqlite:///PATH`` or ``http://…``.
            artifact_location: of a new experiment; None: the server's own.

        Raises:
            Exception: MLflow's own, of many kinds, if it can't be reached or refuses.
        """
        _create_database(tracking_uri)
        client = MlflowClient(tracking_uri=tracking_uri)
        return cls(client, _experiment(client, artifact_location))

    def job_run(self, job: Job) -> Run | None:
        """The parent run of a job."""
        return self._only(values.job_tags(job))

    def trial_run(self, parent: Run, number: int) -> Run | None:
        """The run of a trial of the job."""
        return self._only({"mlflow.parentRunId": parent.info.run_id, "nas.trial": str(number)})

    def _only(self, tags: dict[str, str]) -> Run | None:
        found = self.client.search_runs([self.id], values.tags_filter(tags), max_results=1)
        return found[0] if found else None


def _experiment(client: MlflowClient, artifact_location: str | None) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        try:
            made: str = client.create_experiment(EXPERIMENT, artifact_location, _EXPERIMENT_TAGS)
            return made
        except MlflowException:  # another job made it at the same moment
            found = client.get_experiment_by_name(EXPERIMENT)
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        raise RuntimeError(
            f"MLflow's experiment {EXPERIMENT!r} was deleted; restore it with "
            f"`mlflow experiments restore --experiment-id {found.experiment_id}`"
        )
    identifier: str = found.experiment_id
    return identifier


def _create_database(tracking_uri: str) -> None:
    """Make a SQLite tracking store, once, also when several jobs start at the same moment."""
    if not tracking_uri.startswith("sqlite:"):
        return
    path = Path(make_url(tracking_uri).database or "mlflow.db").absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    # MLflow's own migrations crash when two processes run them on a fresh file.
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            connection = sqlite3.connect(path)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.close()
        MlflowClient(tracking_uri=tracking_uri).search_experiments(max_results=1)

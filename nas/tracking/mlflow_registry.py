"""Exported models in MLflow's Model Registry, each with the run of its trial."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from mlflow import MlflowClient, pyfunc
from mlflow.entities import LoggedModel
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.types import Schema, TensorSpec

from nas.errors import ServiceUnreachable
from nas.tracking import values
from nas.tracking.links import mlflow_base
from nas.tracking.mlflow_client import Experiment
from nas.tracking.model_values import Candidate, check_model_name, requirements
from nas.tracking.place import Place, explained, is_server
from search_spaces.architecture import TaskShape

#: Of an export, what an MLflow model holds: no pickle among it.
_FILES = ("model.py", "model.safetensors", "architecture.json", "architecture.svg")

#: What MLflow loads, as a file: it is copied, not imported.
_SERVED = Path(__file__).with_name("mlflow_served.py")


@dataclass(frozen=True)
class Registered:
    """A version in the Model Registry.

    Attributes:
        new: False if the same trial was registered under this name before.
        uri: what ``mlflow.pyfunc.load_model`` takes.
        url: the version's page; None where no address of MLflow's pages is known.
    """

    name: str
    version: int
    alias: str
    new: bool
    uri: str
    run_id: str | None
    url: str | None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


class Registry:
    """One name in the Model Registry of a tracking server."""

    def __init__(self, place: Place, name: str) -> None:
        """Connect, so that what can't be registered is refused before it is exported.

        Raises:
            UsageProblem: for a name that the registry wouldn't take.
            ServiceUnreachable: if the tracking server doesn't answer.
        """
        self._place, self._name = place, check_model_name(name)
        with _answering(place):
            self._experiment = Experiment.open(place.tracking_uri, place.artifact_location)
            self._client: MlflowClient = self._experiment.client
            self._client.search_registered_models(max_results=1)

    def register(self, folder: Path, candidate: Candidate, shape: TaskShape) -> Registered:
        """Add an exported model as a version, or find the version that it is already.

        Args:
            folder: an export.
            candidate: what it is; its tags are brought up to date, its alias points to it.
            shape: of the images and the logits.

        Raises:
            ServiceUnreachable: if the tracking server stopped to answer; may be repeated then.
        """
        with _answering(self._place):
            found = self._found(candidate)
            version = found or self._added(self._logged(folder, candidate, shape), candidate)
            number = str(version.version)
            if found is not None:
                self._refresh(found, candidate)
            self._client.set_registered_model_alias(self._name, candidate.alias, number)
        base = mlflow_base(self._place.tracking_uri)
        return Registered(
            name=self._name,
            version=int(version.version),
            alias=candidate.alias,
            new=found is None,
            uri=f"models:/{self._name}@{candidate.alias}",
            run_id=version.run_id or None,
            url=f"{base}/#/models/{quote(self._name)}/versions/{number}" if base else None,
        )

    def _found(self, candidate: Candidate) -> ModelVersion | None:
        wanted = f"name = '{self._name}' and {values.tags_filter(candidate.identity)}"
        return next(iter(self._client.search_model_versions(wanted, max_results=1)), None)

    def _refresh(self, version: ModelVersion, candidate: Candidate) -> None:
        """Further seeds may have finished since."""
        for key, text in candidate.tags().items():
            if version.tags.get(key) != text:
                self._client.set_model_version_tag(self._name, version.version, key, text)

    def _added(self, model: LoggedModel, candidate: Candidate) -> ModelVersion:
        try:
            self._client.create_registered_model(self._name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        # A server checks the source against the model. A database would look models:/… or the id up
        # at whatever address is set for the process, and keeps neither.
        remote = is_server(self._place.tracking_uri)
        return self._client.create_model_version(
            self._name,
            model.artifact_location,
            model.source_run_id,
            candidate.tags(),
            description=candidate.description(),
            model_id=model.model_id if remote else None,
        )

    def _logged(self, folder: Path, candidate: Candidate, shape: TaskShape) -> LoggedModel:
        """The model among those of the experiment; one upload serves all names."""
        wanted = values.tags_filter(candidate.identity)
        found = self._client.search_logged_models([self._experiment.id], wanted)
        ready = next((model for model in found if model.status == "READY"), None)
        if ready is not None:
            return ready
        parent = self._experiment.job_run(candidate.job)
        run = None if parent is None else self._experiment.trial_run(parent, candidate.trial.number)
        model = self._client.create_logged_model(
            self._experiment.id,
            candidate.logged_name,
            None if run is None else run.info.run_id,
            candidate.tags(),
            values.trial_params(candidate.trial),
        )
        with tempfile.TemporaryDirectory() as scratch:
            saved = Path(scratch) / "model"
            save(folder, saved, candidate, shape, _about(model))
            self._client.log_model_artifacts(model.model_id, str(saved))
        return self._client.finalize_logged_model(model.model_id, "READY")


def save(
    folder: Path, to: Path, candidate: Candidate, shape: TaskShape, about: Model | None = None
) -> None:
    """Write an export as an MLflow model with signature and input example.

    Args:
        folder: the export.
        to: the folder to make.
        candidate: what it is.
        shape: of the images and the logits.
        about: what MLflow knows of the model already.
    """
    size = (shape.channels, shape.height, shape.width)
    pins, _ = requirements(candidate.packages)
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(scratch) / "export"
        kept.mkdir()
        for name in _FILES:
            shutil.copy(folder / name, kept)
        pyfunc.save_model(
            to,
            python_model=_SERVED,
            artifacts={"export": str(kept)},
            signature=ModelSignature(
                Schema([TensorSpec(np.dtype(np.uint8), (-1, *size))]),
                Schema([TensorSpec(np.dtype(np.float32), (-1, shape.classes))]),
            ),
            # Noise: the images of a data set may not be ours to publish.
            input_example=np.random.default_rng(0).integers(0, 256, (1, *size), dtype=np.uint8),
            pip_requirements=pins,
            mlflow_model=about or Model(),
        )


def _about(model: LoggedModel) -> Model:
    return Model(
        artifact_path=model.artifact_location,
        model_uuid=model.model_id,
        model_id=model.model_id,
        run_id=model.source_run_id,
    )


@contextmanager
def _answering(place: Place) -> Iterator[None]:
    """Whatever MLflow and the libraries below it raise, as an error for people."""
    try:
        yield
    except Exception as error:  # of many kinds: of a server, of a database, of a disk
        raise ServiceUnreachable(explained(error, place.tracking_uri)) from error

"""Addresses of pages: a job's in the dashboard, for MLflow; its run's in MLflow, for the dashboard.

No mlflow import: the web process reads this.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from nas.tracking.place import is_server

#: Where people open the dashboard, and MLflow if that isn't at the tracking address.
DASHBOARD, MLFLOW = "NAS_DASHBOARD_URL", "NAS_MLFLOW_URL"

#: Of the two faces of MLflow's pages the one that shows models in training; the other shows agents.
_TRAINING = {"workflowType": "machine_learning"}

#: The key of a job's details that holds its ``TrackedRun``.
TRACKED = "mlflow"


@dataclass(frozen=True)
class Pages:
    """The dashboard's pages.

    Attributes:
        base: its address without a slash at the end; empty if nobody said it.
    """

    base: str = ""

    @classmethod
    def here(cls, environ: Mapping[str, str] | None = None) -> Pages:
        """From ``NAS_DASHBOARD_URL``."""
        return cls(_address(DASHBOARD, environ))

    def job(self, name: str) -> str:
        """The page of a job; empty if the dashboard's address isn't known."""
        return f"{self.base}/jobs/{quote(name)}" if self.base else ""

    def trial(self, job: str, number: int) -> str:
        """The page of a trial; empty likewise."""
        return f"{self.job(job)}/trials/{number}" if self.base else ""


@dataclass(frozen=True)
class TrackedRun:
    """The MLflow run of a job, as the job's details keep it.

    Attributes:
        tracking_uri: without a password.
    """

    tracking_uri: str
    experiment_id: str
    run_id: str

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> TrackedRun | None:
        """What a job's details say; None before MLflow has it."""
        known = details.get(TRACKED)
        return None if known is None else cls(**known)

    def details(self) -> dict[str, Any]:
        """To be merged into a job's details."""
        return {TRACKED: asdict(self)}

    def url(self, environ: Mapping[str, str] | None = None) -> str | None:
        """The page of the run; None where no server is known that shows it."""
        return self._page(f"/{self.run_id}", {}, environ)

    def trial_url(self, number: int, environ: Mapping[str, str] | None = None) -> str | None:
        """The list of runs with a trial's alone in it; None where no server is known."""
        wanted = f"tags.`mlflow.parentRunId` = '{self.run_id}' and tags.`nas.trial` = '{number}'"
        # In the order of time MLflow folds a run into its parent's line.
        return self._page(
            "", {"orderByKey": "tags.`mlflow.runName`", "searchFilter": wanted}, environ
        )

    def _page(
        self, run: str, query: Mapping[str, str], environ: Mapping[str, str] | None
    ) -> str | None:
        base = mlflow_base(self.tracking_uri, environ)
        told = urlencode({**_TRAINING, **query}, quote_via=quote)
        return f"{base}/#/experiments/{self.experiment_id}/runs{run}?{told}" if base else None

    def to_dict(self) -> dict[str, Any]:
        """What ``nas show -o json`` prints."""
        return {"experiment_id": self.experiment_id, "run_id": self.run_id, "url": self.url()}


def mlflow_base(tracking_uri: str, environ: Mapping[str, str] | None = None) -> str:
    """Where people open MLflow: ``NAS_MLFLOW_URL``, or its server; empty where there is none."""
    named = _address(MLFLOW, environ)
    if named or not is_server(tracking_uri):
        return named
    parts = urlsplit(tracking_uri)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
    return urlunsplit(shown).rstrip("/")


def _address(variable: str, environ: Mapping[str, str] | None) -> str:
    env = os.environ if environ is None else environ
    return env.get(variable, "").strip().rstrip("/")

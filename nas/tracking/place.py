"""Where MLflow's records go: a server, or files in ``NAS_HOME``. No mlflow import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from nas.home import Home


@dataclass(frozen=True)
class Place:
    """Where MLflow's records go.

    Attributes:
        tracking_uri: as ``MLFLOW_TRACKING_URI`` takes it.
        artifact_location: folder of the artifacts; None: the server's own.
    """

    tracking_uri: str
    artifact_location: str | None = None

    @classmethod
    def of(cls, home: Home, environ: Mapping[str, str] | None = None) -> Place:
        """``MLFLOW_TRACKING_URI`` if it is set, else a SQLite file in ``NAS_HOME``."""
        env = os.environ if environ is None else environ
        named = env.get("MLFLOW_TRACKING_URI", "").strip()
        if named and named != home.mlflow_url:
            return cls(named, None if is_server(named) else str(home.artifacts))
        return cls(home.mlflow_url, str(home.artifacts))

    @property
    def how_to_look(self) -> str:
        """What to type, or where to go, to see the records."""
        if is_server(self.tracking_uri):
            return f"open {without_password(self.tracking_uri)}"
        return (
            f"mlflow server --backend-store-uri {without_password(self.tracking_uri)} --port 5000"
        )


def is_server(tracking_uri: str) -> bool:
    """Whether requests go over HTTP."""
    return tracking_uri.startswith(("http://", "https://"))


def without_password(tracking_uri: str) -> str:
    """The address with ``***`` for its password, fit for messages."""
    try:
        return make_url(tracking_uri).render_as_string(hide_password=True)
    except ArgumentError:
        return tracking_uri


def explained(error: Exception, tracking_uri: str) -> str:
    """Why MLflow couldn't be used, in a line without passwords."""
    place = without_password(tracking_uri)
    if "Connection refused" in str(error):
        return f"MLflow at {place} doesn't answer: connection refused"
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"MLflow at {place}: {lines[0][:300]}"

"""Where things lie: ``NAS_HOME``, the store's address and Ray's. Nothing is created by looking."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


def ray_address(named: str | None, environ: Mapping[str, str] | None = None) -> str:
    """The Ray cluster that trains a job: what the job file names, or ``NAS_RAY_ADDRESS``.

    Returns:
        ``HOST:PORT``; empty: Ray is started here.
    """
    env = os.environ if environ is None else environ
    return named or env.get("NAS_RAY_ADDRESS", "").strip()


@dataclass(frozen=True)
class Home:
    """The folder of the embedded store, MLflow's files, checkpoints, exports and logs.

    Attributes:
        root: absolute; exists only once something was written.
        store_address: an SQLAlchemy address that replaces the embedded store; empty: embedded.
    """

    root: Path
    store_address: str = ""

    @classmethod
    def here(cls, environ: Mapping[str, str] | None = None) -> Home:
        """From ``NAS_HOME`` (default ``.nas`` in the current folder) and ``NAS_STORE_URL``."""
        env = os.environ if environ is None else environ
        root = Path(env.get("NAS_HOME") or ".nas").expanduser().absolute()
        return cls(root, env.get("NAS_STORE_URL", ""))

    @property
    def store_file(self) -> Path:
        """The embedded store's SQLite file."""
        return self.root / "store.db"

    @property
    def has_store(self) -> bool:
        """Whether anything can have been recorded: a store is named, or the embedded one exists."""
        return bool(self.store_address) or self.store_file.exists()

    @property
    def store_url(self) -> str:
        """The SQLAlchemy address of the store."""
        return self.store_address or f"sqlite:///{self.store_file}"

    @property
    def where(self) -> str:
        """For people: which store."""
        return "the store of NAS_STORE_URL" if self.store_address else str(self.root)

    @property
    def mlflow_file(self) -> Path:
        """MLflow's own SQLite file (never the store's: both have a table ``alembic_version``)."""
        return self.root / "mlflow.db"

    @property
    def mlflow_url(self) -> str:
        """MLflow's tracking address where no server is named."""
        return f"sqlite:///{self.mlflow_file}"

    @property
    def artifacts(self) -> Path:
        """MLflow's artifacts where no server is named."""
        return self.root / "artifacts"

    @property
    def exports(self) -> Path:
        """Models exported without a folder of their own."""
        return self.root / "exports"

    @property
    def logs(self) -> Path:
        """Tracebacks of unexpected errors."""
        return self.root / "logs"

    def job_log(self, job: str) -> Path:
        """What the process said that drove a job for the service."""
        return self.logs / "jobs" / f"{job}.log"

    def checkpoints(self, job: str) -> Path:
        """The checkpoints of one job."""
        return self.root / "checkpoints" / job

    def create(self, folder: Path | None = None) -> Path:
        """Make a folder of this home (the root by default) and give it back."""
        target = folder or self.root
        target.mkdir(parents=True, exist_ok=True)
        return target

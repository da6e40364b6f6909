"""``nas serve`` with PostgreSQL and MLflow's server, of which anything may be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

from nas.home import Home
from tests.mlflow_server import MlflowServer
from tests.postgresql import Server
from tests.processes import bare_environ

#: Processes of the service by what stands in their command line.
PROCESSES = {
    "supervisor": ["-m nas serve"],
    "dispatcher": ["-m nas dispatch"],
    "web": ["-m dashboard"],
    "driver": ["-m nas.service.driving"],
    "worker": ["ray::Actor"],
    "raylet": ["raylet/raylet"],
}

#: All that can be killed.
KINDS = (*PROCESSES, "postgresql", "mlflow")


class Service:
    """All of it, started again by ``keep`` where nobody else does.

    Attributes:
        home: of the service.
        mlflow_file: MLflow's database.
    """

    def __init__(self, folder: Path, port: int, database: Server, store_url: str) -> None:
        self.home = Home(folder / "home", store_url)
        self.home.create()
        self._mark = f"NAS_SOAK={folder}"
        self._command = [sys.executable, "-m", "nas", "serve", "--port", str(port)]
        self._process: subprocess.Popen[bytes] | None = None
        self._database = database
        (folder / "mlflow").mkdir()
        self._mlflow = MlflowServer(folder / "mlflow")
        self._starting: threading.Thread | None = None
        self.mlflow_file = folder / "mlflow" / "mlflow.db"
        self._environ = {
            **bare_environ(),
            "NAS_HOME": str(self.home.root),
            "NAS_STORE_URL": store_url,
            "MLFLOW_TRACKING_URI": self._mlflow.url,
            "NAS_SOAK": str(folder),
        }
        self._log = (folder / "serve.log").open("ab")

    def __enter__(self) -> Service:
        self._mlflow.start()
        self.keep()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(90)
        for each in PROCESSES:
            for process in self._processes(each):
                os.kill(process, signal.SIGKILL)
        if self._starting is not None:
            self._starting.join()
        self._mlflow.kill()
        self._log.close()

    def keep(self) -> None:
        """Start the supervisor if it is down: the rest is up to the service."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                self._command, env=self._environ, stdout=self._log, stderr=self._log
            )

    def kill(self, kind: str) -> str:
        """SIGKILL to one of a kind, in words who; empty where none lives."""
        if kind == "postgresql":
            self._database.kill()
            self._database.start()
            return "server"
        if kind == "mlflow":
            if self._starting is not None and self._starting.is_alive():
                return ""
            self._mlflow.kill()
            self._starting = threading.Thread(target=self._mlflow.start)
            self._starting.start()
            return "server"
        for process in self._processes(kind)[:1]:
            os.kill(process, signal.SIGKILL)
            return str(process)
        return ""

    def _processes(self, kind: str) -> list[int]:
        """Processes of this service alone, by its mark in their environment, oldest first."""
        mark, found = self._mark.encode(), []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                marked = mark in (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if marked and all(word in words for word in PROCESSES[kind]):
                found.append(int(folder.name))
        return sorted(found)

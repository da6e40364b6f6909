"""A real MLflow server in processes of its own, which a test may kill and start again."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.processes import bare_environ

SECONDS = 180.0


class MlflowServer:
    """One server with its database and artifacts; the same port after every start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Give it its time to import and to make its database."""
        environ = bare_environ()
        environ |= {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "1"}
        command = [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
        command += ["--host", "127.0.0.1", "--port", str(self._port)]
        command += ["--backend-store-uri", f"sqlite:///{self._folder / 'mlflow.db'}"]
        command += ["--artifacts-destination", str(self._folder / "artifacts")]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=environ, cwd=self._folder, stdout=log, stderr=log, process_group=0
            )
        deadline = time.monotonic() + SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "server.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "MLflow's server takes too long to start"
            time.sleep(0.2)

    def kill(self) -> None:
        """SIGKILL to all of its processes."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def get(self, address: str, **params: object) -> httpx.Response:
        """From its REST API."""
        return httpx.get(f"{self.url}{address}", params=params, timeout=30).raise_for_status()

    def search(self, what: str, **content: object) -> dict:
        """A search of its REST API."""
        url = f"{self.url}/api/2.0/mlflow/{what}/search"
        return httpx.post(url, json=content, timeout=30).raise_for_status().json()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

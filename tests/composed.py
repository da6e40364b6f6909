"""The services of docker-compose.yml as plain processes of this machine, by their own commands."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.processes import bare_environ

ROOT = Path(__file__).parents[1]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

#: What .env would hold.
SECRETS = {"POSTGRES_PASSWORD": "a1b2c3", "RAY_AUTH_TOKEN": "0123456789abcdef0123456789abcdef"}

#: Where the image has its programs.
IN_IMAGE = {"dispatcher": str(ROOT / "deploy" / "dispatcher.sh")}


class Composed:
    """Services of one project.

    Args:
        folder: for logs, and in the place of the volume ``home``.
        mapped: what a text of the file becomes here, such as ``ray-head:6379``.
        environ: variables in the place of the file's own, such as the store's address.
    """

    def __init__(self, folder: Path, mapped: Mapping[str, str], environ: Mapping[str, str]) -> None:
        self.folder, self._mapped = folder, dict(mapped)
        self._environ = dict(environ)
        # Ray's sockets lie below it, and their paths may have 107 characters only.
        self._temporary = Path(tempfile.mkdtemp(prefix="nas-ray-", dir="/tmp"))

    def words(self, name: str, key: str = "command") -> list[str]:
        """A service's command, or its health check."""
        service = SERVICES[name]
        words = service["command"] if key == "command" else service["healthcheck"]["test"][1:]
        return [IN_IMAGE.get(word, self._here(word)) for word in words]

    def environ(self, name: str) -> dict[str, str]:
        """A service's variables beside those of this process."""
        kept = bare_environ("RAY_")
        own = {k: self._here(v) for k, v in SERVICES[name].get("environment", {}).items()}
        programs = f"{Path(sys.executable).parent}:{kept['PATH']}"
        places = {"NAS_HOME": str(self.folder / "home"), "RAY_TMPDIR": str(self._temporary)}
        if "NAS_SETTINGS" in own:
            own["NAS_SETTINGS"] = str(ROOT / "deploy" / "settings.yaml")
        fixed = {"PATH": programs, "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"}
        return kept | own | fixed | places | self._environ

    def healthy(self, name: str) -> bool:
        """What the service's health check says."""
        return self.run(name, *self.words(name, "healthcheck")).returncode == 0

    def run(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        """A command in a service's environment, to its end."""
        return subprocess.run(
            words, env=self.environ(name), cwd=self.folder, text=True, capture_output=True,
            timeout=200,
        )  # fmt: skip

    @contextmanager
    def service(self, name: str, seconds: float = 60) -> Iterator[subprocess.Popen[bytes]]:
        """A long-running service, from healthy to told to end."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                self.words(name), env=self.environ(name), cwd=self.folder, stdout=out, stderr=out
            )
        try:
            deadline = time.monotonic() + seconds
            while not self.healthy(name):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.5)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=120)

    def close(self) -> None:
        """Remove what lies outside ``folder``."""
        shutil.rmtree(self._temporary, ignore_errors=True)

    def _here(self, word: str) -> str:
        word = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: SECRETS[found[1]], word)
        word = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", word)
        for text, here in self._mapped.items():
            word = word.replace(text, here)
        return word

"""The script around the dispatcher: two processes that start, end and fail together."""

import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "dispatcher.sh"

#: Stands for ray and for nas: says what it was called with, and how it ended.
PROGRAM = """#!/bin/bash
name=$(basename "$0")
echo "$name $*" >> "$LOG"
trap 'sleep 0.2; echo "$name ended" >> "$LOG"; exit 0' TERM
echo $$ > "$LOG.$name"
while :; do sleep 0.05; done
"""


class Running:
    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._log, self.process = folder / "log", process

    def lines(self) -> list[str]:
        return self._log.read_text().splitlines()

    def pid(self, name: str) -> int:
        path = self._log.with_name(f"log.{name}")
        deadline = time.monotonic() + 120
        while not (path.exists() and path.read_text().strip()):
            assert time.monotonic() < deadline, f"{name} did not start"
            time.sleep(0.02)
        return int(path.read_text())


@pytest.fixture
def started(tmp_path):
    @contextmanager
    def start():
        for name in ("ray", "nas"):
            program = tmp_path / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(PROGRAM)
            program.chmod(0o755)
        paths = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
        environ = {"PATH": paths, "LOG": str(tmp_path / "log"), "NAS_RAY_ADDRESS": "ray-head:6379"}
        process = subprocess.Popen([SCRIPT, "--jobs", "3"], env=environ)
        running = Running(tmp_path, process)
        try:
            running.pid("ray"), running.pid("nas")
            yield running
        finally:
            process.kill()
            process.wait()
            for name in ("ray", "nas"):
                with suppress(ProcessLookupError):
                    os.kill(running.pid(name), signal.SIGKILL)

    return start


def test_the_dispatcher_runs_beside_a_node_without_resources(started):
    with started() as running:
        (node,) = [line for line in running.lines() if line.startswith("ray ")]
        assert "nas dispatch --jobs 3" in running.lines()
    assert node.startswith("ray start --address=ray-head:6379 --num-cpus=0 --num-gpus=0 ")
    assert node.endswith(" --block")


def test_asked_to_end_the_dispatcher_ends_before_the_node(started):
    with started() as running:
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=120) == 0
        assert running.lines()[-2:] == ["nas ended", "ray ended"]


@pytest.mark.parametrize(("killed", "other"), [("ray", "nas"), ("nas", "ray")])
def test_if_one_dies_the_other_ends_and_that_is_a_failure(started, killed, other):
    with started() as running:
        os.kill(running.pid(killed), signal.SIGKILL)
        assert running.process.wait(timeout=120) == 1
        assert running.lines()[-1] == f"{other} ended"


def test_it_says_what_it_needs():
    ended = subprocess.run([SCRIPT], env={"PATH": os.environ["PATH"]}, capture_output=True)
    assert ended.returncode != 0
    assert b"NAS_RAY_ADDRESS: HOST:PORT of the Ray head" in ended.stderr

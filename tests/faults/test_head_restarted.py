"""A cluster's head that is started anew at its address: the pool connects to it and goes on."""

import os
import subprocess
import sys

import pytest

#: In a process of its own: Ray ends the whole process where something is wrong.
DRIVER = """
import subprocess, sys
from pathlib import Path
from tests.faults.test_ray_killed import one, segment, up
from tests.processes import kill_marked
from workers.pool import RayPool
folder, port = sys.argv[1:]
start = [Path(sys.executable).with_name("ray"), "start", "--head", "--port", port, "--num-cpus=2"]
start += ["--include-dashboard=false", "--object-store-memory=100000000", "--temp-dir", folder]

def start_head():
    subprocess.run(start, check=True, stdout=subprocess.DEVNULL)

start_head()
pool = RayPool(
    1, address=f"127.0.0.1:{port}", cpus=0.5, execute="workers.synthetic:slow", threads=1,
    progress=lambda text: print("told:", text), patience=120,
)
try:
    up(pool)
    pool.submit(segment("long", 100000))
    kill_marked(folder)
    start_head()
    print("lost:", one(pool).kind)
    up(pool)
    pool.submit(segment("short"))
    print("answered:", one(pool).outcome)
    pool.close()
finally:
    kill_marked(folder)
"""


@pytest.mark.slow
def test_a_head_that_is_started_anew_is_connected_to_again(free_port, tmp_path_factory):
    folder = tmp_path_factory.mktemp("r")  # Ray's sockets want a short path
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(folder), str(free_port)],
        env=os.environ | {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout.splitlines()
    assert [line for line in told if not line.startswith("told")] == ["lost: node", "answered: ok"]
    assert any(" was started anew; trying again" in line or " is gone; " in line for line in told)

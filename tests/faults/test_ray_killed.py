"""SIGKILL to Ray itself, to a node, to a cluster's head, and to the driver that started Ray."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.processes import lives
from workers.datasets import DataSpec
from workers.pool import RayPool
from workers.protocol import Lost, Segment
from workers.recipe import Recipe


def segment(key, epochs=1):
    return Segment(key, "{}", Recipe(100000), DataSpec(), 0, 0, epochs, None, "")


def up(pool):
    while not pool.free():
        pool.wait(60)


def one(pool):
    while not (answers := pool.wait(60)):
        pass
    (answer,) = answers
    return answer


def children(parent: int) -> dict[str, int]:
    """Processes that a process started, by the name of their program."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines())
        except (OSError, ValueError):
            continue
        if int(lines["PPid"]) == parent:
            found[lines["Name"]] = int(status.parent.name)
    return found


def gone(processes, seconds=120) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(lives, processes)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.slow
def test_ray_that_dies_is_started_again_and_nothing_is_held_against_the_task():
    told = []
    pool = RayPool(1, cpus=0.5, execute="workers.synthetic:slow", threads=1, progress=told.append)
    try:
        for victim in ("raylet", "gcs_server"):
            up(pool)
            pool.submit(segment("long", 100000))
            os.kill(children(os.getpid())[victim], signal.SIGKILL)
            began = time.monotonic()
            assert one(pool) == Lost("long", f"Ray's {victim} died", "node")
            assert time.monotonic() - began < 30
            assert pool.free() == 0
        up(pool)
        pool.submit(segment("short"))
        assert one(pool).outcome == "ok"
    finally:
        pool.close()
    assert "Ray's raylet died; trying again in 1 s" in told
    assert "Ray's gcs_server died; trying again in 2 s" in told


@pytest.mark.slow
def test_ray_that_dies_while_it_comes_up_is_started_again():
    told = []
    pool = RayPool(1, cpus=0.5, execute="workers.synthetic:slow", threads=1, progress=told.append)

    def kill():
        while (found := children(os.getpid()).get("raylet")) is None:
            time.sleep(0.01)
        os.kill(found, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        up(pool)
        killer.join()
        assert any(line.startswith("Ray did not come up: ") for line in told)
        pool.submit(segment("short"))
        assert one(pool).outcome == "ok"
    finally:
        pool.close()
    assert gone(children(os.getpid()).values())


ORPHAN = """
import os, signal, time
parent = os.getpid()
if os.fork():
    os._exit(0)
while os.getppid() == parent:
    time.sleep(0.01)
from tests.faults.test_ray_killed import children, one, segment, up
from workers.pool import RayPool
pool = RayPool(1, cpus=0.5, execute="workers.synthetic:slow", threads=1)
up(pool)
pool.submit(segment("long", 100000))
os.kill(children(os.getpid())["raylet"], signal.SIGKILL)
print("told:", one(pool).reason, flush=True)
up(pool)
pool.submit(segment("short"))
print("told:", one(pool).outcome, flush=True)
pool.close()
"""


@pytest.mark.slow
def test_a_driver_whose_dispatcher_died_outlives_its_raylet():
    # Process 1 is its parent then, as where a dispatcher is the only program of a container.
    command = [sys.executable, "-c", ORPHAN]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    told = [line for line in done.stdout.splitlines() if line.startswith("told: ")]
    assert told == ["told: Ray's raylet died", "told: ok"], done.stderr


DRIVER = """
import time
from tests.faults.test_ray_killed import segment, up
from workers.pool import RayPool
pool = RayPool(1, cpus=0.5, execute="workers.synthetic:slow", threads=1)
up(pool)
pool.submit(segment("long", 100000))
print(*pool.pids().values(), flush=True)
time.sleep(600)
"""


def test_a_killed_driver_leaves_neither_workers_nor_ray():
    driver = subprocess.Popen([sys.executable, "-c", DRIVER], stdout=subprocess.PIPE, text=True)
    worker = int(driver.stdout.readline())
    started = children(driver.pid)
    assert {"raylet", "gcs_server"} <= set(started)
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    assert gone([worker, *started.values()])


CLUSTER = """
import os
from ray.cluster_utils import Cluster
from tests.faults.test_ray_killed import one, segment, up
from workers.environment import Environment
from workers.errors import PoolError
from workers.pool import RayPool
from workers.protocol import Report
head = {"num_cpus": 0, "include_dashboard": False}
cluster = Cluster(initialize_head=True, head_node_args=head)
options = {"address": cluster.address, "execute": "picky:execute", "threads": 1}
try:
    RayPool(1, **options).start()
except PoolError as error:
    print("too large:", error)
cluster.add_node(num_cpus=1, env_vars={"WITHOUT_DATA": "1"})
stranger = RayPool(1, **options, expected=Environment(torch="1.0"))
try:
    up(stranger)
except PoolError as error:
    print("stranger:", error)
stranger.close()
pool = RayPool(2, **options, progress=print, patience=20)
up(pool)
cluster.add_node(num_cpus=1)
answer = None
while not isinstance(answer, Report):
    up(pool)
    pool.submit(segment("a"))
    answer = one(pool)
print("answered:", answer.key)
leaving = cluster.add_node(num_cpus=1)
while pool.free() < 2:
    pool.wait(60)
pool.submit(segment("b"))
print("answered:", one(pool).key)
for key in "cd":
    pool.submit(segment(key, 100000))
cluster.remove_node(leaving, allow_graceful=False)
print("lost:", one(pool).kind)
print("waits:", pool.wait(2), pool.free())
os.kill(*pool.pids().values(), 9)
print("lost:", one(pool).kind)
up(pool)
pool.submit(segment("e", 100000))
pool._patience = 1
cluster.head_node.kill_gcs_server()
print("lost:", one(pool).kind)
try:
    up(pool)
except PoolError as error:
    print("ended:", error)
pool.close()
"""


PICKY = """
import os
from workers.errors import DataError
from workers.synthetic import slow
def execute(task, cache):
    if "WITHOUT_DATA" in os.environ:
        raise DataError("no images here")
    return slow(task, cache)
"""


@pytest.mark.slow
def test_nodes_of_a_cluster_come_and_go(tmp_path):
    (tmp_path / "picky.py").write_text(PICKY)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    environ = os.environ | {"RAY_AUTH_MODE": "disabled", "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", CLUSTER], capture_output=True, text=True, env=environ, timeout=240
    )
    told = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert "a worker takes 1 CPU, which no node of the cluster at " in told[0]
    assert "a worker on " in told[1]
    assert " was refused: it has torch " in told[1]
    assert "not 1.0, which the job was submitted with" in told[1]
    assert any(line.endswith(" was refused: no images here") for line in told)
    assert "waiting for the cluster: needs 1 CPU a worker; 0 of 2 up" in told
    kept = [line for line in told if line.startswith(("answered", "lost", "waits", "ended"))]
    assert kept[:-1] == [
        "answered: a",
        "answered: b",
        "lost: node",
        "waits: [] 0",
        "lost: worker",
        "lost: node",
    ]
    assert kept[-1].startswith("ended: no Ray cluster answers at ")

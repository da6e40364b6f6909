"""One real Ray for all of these: starting it costs seconds."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workers.errors import PoolError
from workers.inline import InlinePool
from workers.pool import RayPool, open_pool
from workers.protocol import Lost

PROBE = "pool_probe"


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    """A module with executors that look around, importable by drivers and workers."""
    folder = tmp_path_factory.mktemp("probe")
    (folder / f"{PROBE}.py").write_text(
        "import os, sys, time\n"
        "from workers.protocol import Report\n"
        "def look(task, cache):\n"
        "    loaded = [m for m in ('torchvision', 'mlflow', 'optuna') if m in sys.modules]\n"
        "    import torch\n"
        "    cache['calls'] = cache.get('calls', 0) + 1\n"
        "    time.sleep(0.2)\n"
        "    seen = [torch.get_num_threads(), os.environ['OMP_NUM_THREADS'], loaded,\n"
        "            os.environ.get('CUDA_VISIBLE_DEVICES'), cache['calls'], os.getpid()]\n"
        "    if task.seed == 13: raise ValueError('unlucky')\n"
        "    if task.seed == 9: os.kill(os.getpid(), 9)\n"
        "    return Report(task.key, 1, 'ok', reason=repr(seen))\n"
    )
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), before]))
    yield f"{PROBE}:look"
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest.fixture(scope="module")
def pool(probe):
    told = []
    pool = RayPool(2, execute=probe, threads=1, progress=told.append)
    assert pool.free() == 0
    all_up(pool)
    assert told == ["starting Ray", "starting 2 workers, threads each: 1"]
    yield pool
    pool.close()
    pool.close()


def all_up(pool):
    while pool.free() < pool.size:
        pool.wait(60)


def answers(pool, count):
    got = []
    while len(got) < count:
        got += pool.wait(60)
    return got


def test_threads_are_capped_before_torch_in_every_worker(pool, segment):
    for number in range(2):
        pool.submit(segment(key=str(number)))
    seen = [eval(answer.reason) for answer in answers(pool, 2)]
    assert len({look[5] for look in seen}) == 2
    for look in seen:
        assert look[:2] == [1, "1"]
        assert look[3] == "", "a worker that asked for no GPU must see none"
        assert look[2] == [], "heavy modules that a worker has no use for"


def test_workers_and_their_caches_live_on(pool, segment):
    before = {}
    for _ in range(2):
        pool.submit(segment(key="a"))
        pool.submit(segment(key="b"))
        for answer in answers(pool, 2):
            look = eval(answer.reason)
            before.setdefault(look[5], []).append(look[4])
    assert len(before) == 2
    assert all(later == earlier + 1 for earlier, later in before.values())


def test_a_busy_pool_refuses_and_waiting_has_an_end(pool, segment):
    pool.submit(segment(key="a"))
    pool.submit(segment(key="b"))
    assert pool.free() == 0
    assert pool.wait(0) == []
    with pytest.raises(PoolError, match="no worker is free for c: 2 of 2 are busy, 0 not up yet"):
        pool.submit(segment(key="c"))
    assert sorted(answer.key for answer in answers(pool, 2)) == ["a", "b"]
    assert pool.wait(None) == []


def test_an_executor_that_raises_loses_the_task_and_keeps_the_worker(pool, segment):
    pool.submit(segment(key="a", seed=13))
    (pid,) = pool.pids().values()
    (lost,) = answers(pool, 1)
    assert lost == Lost("a", "the executor failed: ValueError: unlucky")
    for _ in range(2):
        pool.submit(segment(key="b"))
    assert pid in pool.pids().values() or pool.free() == 0
    assert pid in [eval(answer.reason)[5] for answer in answers(pool, 2)]


def test_a_worker_that_dies_is_replaced(pool, segment):
    pool.submit(segment(key="a", seed=9))
    (lost,) = answers(pool, 1)
    assert lost.key == "a"
    assert lost.kind == "worker"
    assert lost.reason.startswith("the worker died: its process was killed or crashed; too little ")
    assert "\n" not in lost.reason
    assert pool.free() == 1
    all_up(pool)
    pool.submit(segment(key="b"))
    pool.submit(segment(key="c"))
    assert sorted(answer.key for answer in answers(pool, 2)) == ["b", "c"]


def test_what_rays_memory_monitor_kills_is_told_so(pool):
    from ray.exceptions import OutOfMemoryError

    all_up(pool)
    kind, reason = pool._cluster.loss(OutOfMemoryError("node is low"), "")
    assert (kind, reason) == ("memory", "the worker was killed: its machine ran out of memory")


def test_a_second_ray_in_one_process_is_refused_clearly(pool):
    with pytest.raises(PoolError, match="Ray can't be used"):
        RayPool(1).start()


def test_no_workers_means_this_process():
    assert isinstance(open_pool(0, execute="workers.synthetic:execute"), InlinePool)
    assert isinstance(open_pool(2), RayPool)


@pytest.mark.parametrize("wrong", [{"count": 0}, {"gpus": -1}, {"gpus": 1.5}, {"threads": -1}])
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(PoolError, match="allowed: a count from 1"):
        RayPool(**{"count": 1, **wrong})


DRIVER = """
import signal, sys
from workers.pool import RayPool
from workers.errors import PoolError
# Scripts let what they start in the background ignore it, which what that starts inherits.
signal.signal(signal.SIGINT, signal.default_int_handler)
mine = lambda *_: sys.exit(3)
signal.signal(signal.SIGTERM, mine)
too_many = RayPool(1, gpus=0.25, cpus=1000, execute="workers.synthetic:slow")
try:
    too_many.start()
except PoolError as error:
    print(error, flush=True)
assert signal.getsignal(signal.SIGTERM) is mine
pool = RayPool(1, cpus=0.5, execute="workers.synthetic:slow")
while not pool.free():
    pool.wait()
from workers.protocol import Segment
from workers.recipe import Recipe
from workers.datasets import DataSpec
pool.submit(Segment("a", "{}", Recipe(100000), DataSpec(), 0, 0, 100000, None, ""))
assert "torch" not in sys.modules
try:
    print(*pool.pids().values(), flush=True)
    pool.wait()
finally:
    pool.close()
    print("closed", flush=True)
"""


def test_ctrl_c_closes_the_pool_and_leaves_no_process():
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert "1 workers with 1000 CPU each don't fit" in driver.stdout.readline()
    worker = int(driver.stdout.readline())
    os.killpg(driver.pid, signal.SIGINT)
    assert driver.communicate(timeout=120)[0] == "closed\n"
    assert driver.returncode == -signal.SIGINT
    deadline = time.monotonic() + 60
    while Path(f"/proc/{worker}").exists():
        assert time.monotonic() < deadline, "the worker lives on"
        time.sleep(0.1)

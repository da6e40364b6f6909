"""A real autoscaler, whose machines are raylets of this one: from none up, and down again."""

import os
import subprocess
import sys

import pytest

#: In a process of its own: Ray's connection is one a process.
DRIVER = """
import json, os, subprocess, sys, time
from collections import Counter
from pathlib import Path
import ray
from ray._private.services import get_node_ip_address
from ray.autoscaler._private.fake_multi_node.node_provider import FAKE_HEAD_NODE_ID
from tests.faults.test_ray_killed import one, segment, up
from tests.processes import kill_marked
from workers.pool import RayPool

folder, port = sys.argv[1:]
address = f"{get_node_ip_address()}:{port}"
config = {
    "cluster_name": "autoscaled",
    "max_workers": 2,
    "provider": {
        "type": "external",
        "module": "ray.autoscaler._private.fake_multi_node.node_provider.FakeMultiNodeProvider",
        "use_node_id_as_ip": True,
        "disable_node_updaters": True,
        "disable_launch_config_check": True,
        "launch_multiple": True,
        "gcs_address": address,
        "head_node_id": FAKE_HEAD_NODE_ID,
    },
    "available_node_types": {
        "ray.head.default": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
        "gpu": {
            "resources": {"CPU": 1, "GPU": 1, "object_store_memory": 10**8},
            "node_config": {},
            "min_workers": 0,
            "max_workers": 2,
        },
    },
    "head_node_type": "ray.head.default",
    "idle_timeout_minutes": 0.1,
}
config |= dict.fromkeys(("auth", "docker", "file_mounts"), {})
lists = "initialization setup head_setup worker_setup head_start_ray worker_start_ray".split()
config |= {f"{name}_commands": [] for name in lists}
config |= dict.fromkeys(("cluster_synced_files", "rsync_exclude", "rsync_filter"), [])
config |= {"file_mounts_sync_continuously": False, "upscaling_speed": 1.0}
(Path(folder) / "autoscaler.json").write_text(json.dumps(config))
fixed = ("RAY_CLOUD_INSTANCE_ID", "RAY_OVERRIDE_NODE_ID_FOR_TESTING")
environ = os.environ | dict.fromkeys(fixed, FAKE_HEAD_NODE_ID)
start = [Path(sys.executable).with_name("ray"), "start", "--head", "--port", port, "--num-cpus=0"]
start += ["--include-dashboard=false", "--object-store-memory=100000000", "--temp-dir", folder]
start += [f"--autoscaling-config={folder}/autoscaler.json"]
subprocess.run(start, check=True, stdout=subprocess.DEVNULL, env=environ)
try:
    pool = RayPool(
        5, address=address, cpus=0.1, gpus=0.25, execute="workers.synthetic:slow", threads=1,
        progress=lambda text: print("told:", text), patience=200,
    )
    up(pool)
    while pool.free() < 5:
        pool.wait(60)
    print("a node:", *sorted(Counter(worker.node for worker in pool._idle).values()))
    pool.submit(segment("short"))
    print("answered:", one(pool).outcome)
    pool.close()
    ray.init(address=address, logging_level="error")
    deadline = time.monotonic() + 100
    while sum(node["Alive"] for node in ray.nodes()) > 1 and time.monotonic() < deadline:
        time.sleep(1)
    print("left:", sum(node["Alive"] for node in ray.nodes()))
finally:
    kill_marked(folder)
"""


@pytest.mark.slow
def test_workers_with_shares_of_a_gpu_bring_nodes_up_which_go_when_idle(
    free_port, tmp_path_factory
):
    folder = tmp_path_factory.mktemp("a")  # Ray's sockets want a short path
    environ = {
        "AUTOSCALER_UPDATE_INTERVAL_S": "1",
        "RAY_AUTH_MODE": "disabled",
        "RAY_FAKE_CLUSTER": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_enable_autoscaler_v2": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(folder), str(free_port)],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=290,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ours = ("told: ", "a node: ", "answered: ", "left: ")
    told = [line for line in done.stdout.splitlines() if line.startswith(ours)]
    assert "told: waiting for the cluster: needs 0.1 CPU, 0.25 GPU a worker; 0 of 5 up" in told
    assert any(line in told for line in ("a node: 1 4", "a node: 2 3"))
    assert told[-2:] == ["answered: ok", "left: 1"]

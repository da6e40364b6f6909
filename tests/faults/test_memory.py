"""A training that the machine refuses the memory for fails with its reason; the next one runs."""

import json
import os
import subprocess
import sys

import pytest
import torch

SCRIPT = """
import json, resource, sys
from dataclasses import replace
from search_spaces.architecture import Architecture, Choice
from workers.datasets import DataSpec
from workers.protocol import Segment
from workers.recipe import Recipe
from workers.run import execute

def segment(key, width, batch):
    choice = Choice.of("cifar_resnet", {"depth": 8, "width": width, "stem_stride": 1})
    text = Architecture.of(choice).to_json()
    out = f"{sys.argv[1]}/{key}.pt"
    data = DataSpec(train_images=320)
    return Segment(key, text, Recipe(1, batch), data, 0, 0, 1, None, out, sys.argv[2])

cache = {}
reports = [execute(segment("first", 4, 64), cache)]
if sys.argv[2] == "cpu":
    pages = int(open("/proc/self/statm").read().split()[0])
    limit = pages * resource.getpagesize() + 200 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
else:
    import torch
    share = 500 * 2**20 / torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(share)
reports.append(execute(segment("hog", 1024, 256), cache))
reports.append(execute(segment("first", 4, 64), cache))
print(json.dumps([[r.outcome, r.reason, r.validation_loss] for r in reports]))
"""


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_too_little_memory_is_an_outcome_and_leaves_the_worker_fit(tmp_path, device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), device],
        capture_output=True,
        text=True,
        timeout=280,
        env=os.environ | {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"},
    )
    assert done.returncode == 0, done.stderr
    first, hog, again = json.loads(done.stdout)
    assert hog[0] == "out_of_memory"
    assert "memory" in hog[1]
    assert first[0] == again[0] == "ok"
    assert first[2] == again[2]
    assert not (tmp_path / "hog.pt").exists()

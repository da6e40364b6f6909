import sys
from dataclasses import replace

import pytest
import torch

from workers.environment import Environment, differences, look_around
from workers.protocol import TRAINING_VERSION


def test_a_process_knows_its_versions():
    found = look_around("cpu")
    assert found.python == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert torch.__version__.startswith(found.torch)
    assert found.torchvision
    assert (found.training, found.device, found.gpu) == (str(TRAINING_VERSION), "cpu", "")


def test_a_gpu_has_to_be_seen():
    found = look_around("cuda")
    there = torch.cuda.is_available()
    assert (found.device, bool(found.gpu)) == (("cuda", True) if there else ("cpu", False))


def test_what_was_not_recorded_is_not_compared():
    assert differences(Environment(), look_around("cpu")) == ""
    assert differences(look_around("cpu"), look_around("cpu")) == ""


def test_builds_for_cpu_and_gpu_are_one_version():
    assert differences(Environment(torch="2.15.0+cpu"), Environment(torch="2.15.0+cu132")) == ""
    told = differences(Environment(torch="2.15.0+cpu"), Environment(torch="2.15.1+cpu"))
    assert told == "torch 2.15.1+cpu, not 2.15.0+cpu"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"torch": "1.0"}, "torch 1.0, not 2.0"),
        ({"torchvision": ""}, "torchvision none, not 0.9"),
        ({"training": "2"}, "training code 2, not 1"),
        ({"device": "cpu", "gpu": ""}, "device cpu, not cuda; GPU none, not H100"),
    ],
)
def test_every_difference_is_named(changes, told):
    expected = Environment("3.11", "2.0", "0.9", "1", "cuda", "H100")
    assert differences(expected, replace(expected, **changes)) == told

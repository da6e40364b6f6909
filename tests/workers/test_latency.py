import time

import torch
from torch import nn

from search_spaces.architecture import TaskShape
from workers.latency import WARM_UP, measure_latency
from workers.protocol import Latency

SHAPE = TaskShape(3, 8, 8, 10)
CPU = torch.device("cpu")


class Sleeper(nn.Module):
    def __init__(self, name, seconds, log):
        super().__init__()
        self.name, self.seconds, self.log = name, seconds, log

    def forward(self, x):
        self.log.append((self.name, tuple(x.shape), x.dtype, self.training))
        time.sleep(self.seconds)
        return x


def test_models_are_timed_in_turn_in_eval_mode():
    log = []
    slow, quick = Sleeper("slow", 0.004, log), Sleeper("quick", 0.0, log)
    measured = measure_latency([slow, quick], SHAPE, 2, CPU, repeats=5)
    assert [name for name, *_ in log] == ["slow", "quick"] * (WARM_UP + 5)
    assert set(log) == {(n, (2, 3, 8, 8), torch.float32, False) for n in ("slow", "quick")}
    assert measured[0].median_ms >= 4 > measured[1].median_ms
    assert all(latency.spread_ms >= 0 for latency in measured)


def test_one_round_has_no_spread_and_no_model_no_result():
    measured = measure_latency([nn.Identity()], SHAPE, 1, CPU, repeats=1)
    assert measured == [Latency(measured[0].median_ms, 0.0)]
    assert measure_latency([], SHAPE, 1, CPU) == []

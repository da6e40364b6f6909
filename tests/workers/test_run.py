from dataclasses import replace

import torch

from workers import run
from workers.datasets import DataSpec
from workers.protocol import Evaluation, LatencyReport, LatencyRequest
from workers.run import KEPT, WorkerState, execute

CPU = torch.device("cpu")


def test_every_kind_of_task_has_its_answer(segment, architecture):
    cache = {}
    task = segment(0, 1)
    report = execute(task, cache)
    assert report.outcome == "ok"
    asked = Evaluation("e", task.architecture, task.recipe, task.data, task.checkpoint_out, "cpu")
    assert execute(asked, cache).test_accuracy > 0
    request = LatencyRequest("l", (architecture.to_json(),) * 2, task.data, 1, "cpu")
    answer = execute(request, cache)
    assert answer.key == "l"
    assert len(answer.latencies) == 2
    assert all(latency.median_ms > 0 for latency in answer.latencies)


def test_data_are_loaded_once_and_the_oldest_go_first(monkeypatch):
    loaded = []

    class Data:
        def to(self, device):
            return self

    monkeypatch.setattr(run, "load", lambda spec: loaded.append(spec.split_seed) or Data())
    state = WorkerState()
    for seed in (0, 1, 0, 2, 0, 1):
        state.get(DataSpec(split_seed=seed), CPU)
    assert loaded == [0, 1, 2, 1]
    assert len(state.data) == KEPT


def test_what_can_not_be_done_is_an_answer_with_a_reason(segment, tmp_path):
    missing = segment(data=DataSpec("cifar10", str(tmp_path)))
    report = execute(missing, {})
    assert report.outcome == "error"
    assert "cifar-10-batches-py/data_batch_1 is missing" in report.reason
    request = LatencyRequest("l", ("{}",), DataSpec(), 1, "cpu")
    assert execute(request, {}) == LatencyReport("l", (), "cpu", execute(request, {}).reason)
    assert "architecture format None is unknown" in execute(request, {}).reason
    assert execute(replace(segment(), device="tpu"), {}).outcome == "error"

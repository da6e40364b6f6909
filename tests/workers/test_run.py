from dataclasses import replace

import pytest
import torch
from torchvision.io import write_png

from workers import run
from workers.data import load
from workers.datasets import DataSpec
from workers.errors import DataError
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


def test_what_can_not_be_done_is_an_answer_with_a_reason(segment):
    request = LatencyRequest("l", ("{}",), DataSpec(), 1, "cpu")
    assert execute(request, {}) == LatencyReport("l", (), "cpu", execute(request, {}).reason)
    assert "architecture format None is unknown" in execute(request, {}).reason
    assert execute(replace(segment(), device="tpu"), {}).outcome == "error"


def test_a_worker_without_the_data_can_do_none_of_the_job(segment, tmp_path):
    missing = segment(data=DataSpec("cifar10", str(tmp_path)))
    with pytest.raises(DataError, match="cifar-10-batches-py/data_batch_1 is missing"):
        execute(missing, {})


def test_data_that_changed_since_the_submission_are_refused(segment, tmp_path):
    for part in ("train", "test"):
        for label in ("a", "b"):
            folder = tmp_path / part / label
            folder.mkdir(parents=True)
            for number in range(5):
                image = torch.full((3, 8, 8), 40 * number + (label == "b"), dtype=torch.uint8)
                write_png(image, str(folder / f"{number}.png"))
    spec = DataSpec("image_folder", str(tmp_path), image_size=8)
    task = replace(segment(data=spec), data_hash=load(spec).data_hash)
    assert "has changed" not in execute(task, {}).reason
    write_png(torch.zeros(3, 8, 8, dtype=torch.uint8), str(tmp_path / "train" / "a" / "3.png"))
    with pytest.raises(DataError, match=f"has changed since .* not {task.data_hash}"):
        execute(task, {})

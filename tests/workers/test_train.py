import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from search_spaces.architecture import Architecture, Choice, Placement
from search_spaces.build import build
from search_spaces.catalogue import CATALOGUE, SINGLE
from workers import checkpoint as checkpoints
from workers.outcomes import worker_name
from workers.protocol import Evaluation
from workers.recipe import Recipe
from workers.train import evaluate_test, train_segment

BACKBONE = Choice.of("cifar_resnet", {"depth": 8, "width": 8, "stem_stride": 1})


def carrying(name):
    """A small ResNet with one type of attention where its paper puts it."""
    if name == "none":
        return Architecture.of(BACKBONE)
    position = CATALOGUE[name].default_position
    place = Placement(SINGLE.get(position, "stage2"), position)
    small = {"ratio": 2, "groups": 2, "layers": 1}
    axes = {axis.name: small[axis.name] for axis in CATALOGUE[name].axes if axis.name in small}
    return Architecture.of(BACKBONE, {place: Choice.of(name, axes)})


def chain(segment, data, ends, **fields):
    """Train rung after rung; the reports and the last checkpoint."""
    reports, start, path = [], 0, None
    for end in ends:
        task = segment(start, end, path, **fields)
        reports.append(train_segment(task, data))
        assert reports[-1].outcome == "ok", reports[-1].reason
        start, path = end, task.checkpoint_out
    return reports, checkpoints.read(path)


def assert_equal_states(one, other):
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert torch.equal(value, other[key]), key


def assert_same_in_segments(segment, digits, **fields):
    at_once, whole = chain(segment, digits, [8], **fields)
    in_parts, parts = chain(segment, digits, [1, 2, 4, 8], **fields)
    assert_equal_states(whole.model, parts.model)
    assert_equal_states(whole.evaluated_model, parts.evaluated_model)
    assert torch.equal(whole.generator, parts.generator)
    assert at_once[-1].validation_accuracy == in_parts[-1].validation_accuracy
    assert at_once[-1].validation_loss == in_parts[-1].validation_loss
    assert at_once[0].train_loss == sum((report.train_loss for report in in_parts), ())
    assert at_once[0].train_accuracy == sum((report.train_accuracy for report in in_parts), ())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(("optimizer", "rate"), [("sgd", 0.1), ("adamw", 0.003)])
def test_eight_epochs_at_once_or_in_segments_are_the_same_weights(
    segment, digits, optimizer, rate, precision
):
    recipe = Recipe(8, 64, optimizer, rate, augmentation="crop_flip", precision=precision)
    assert_same_in_segments(segment, digits, recipe=recipe)


@pytest.mark.parametrize("restarts", [(1, 2, 4), (3,)])
def test_so_it_is_with_a_schedule_that_begins_anew(segment, digits, restarts):
    recipe = Recipe(8, 128, restarts=restarts)
    assert_same_in_segments(segment, digits, recipe=recipe)


@pytest.mark.parametrize("name", CATALOGUE)
def test_so_it_is_with_every_attention_type(segment, digits, name):
    recipe = Recipe(8, 128)
    assert_same_in_segments(segment, digits, recipe=recipe, architecture=carrying(name).to_json())


def test_a_report_says_what_happened(segment, digits):
    task = segment(0, 2, measure_test=True)
    report = train_segment(task, digits)
    assert (report.key, report.end_epoch, report.outcome) == ("trial:2", 2, "ok")
    assert len(report.train_loss) == len(report.train_accuracy) == 2
    assert 0 <= report.validation_accuracy <= 1
    assert 0 <= report.test_accuracy <= 1
    assert report.train_seconds > 0
    assert report.evaluation_seconds > 0
    checkpoints.check(task.checkpoint_out, report.checkpoint_sha256)
    assert report.checkpoint_bytes == Path(task.checkpoint_out).stat().st_size
    assert report.worker == worker_name()
    assert report.device == "cpu"


def test_validation_is_of_the_exported_copy(segment, digits):
    """What an export ships, run plainly in float32, has the reported test accuracy."""
    task = segment(0, 3, recipe=Recipe(3, 64, precision="float32"), measure_test=True)
    report = train_segment(task, digits)
    model = build(Architecture.from_json(task.architecture), digits.shape)
    model.load_state_dict(checkpoints.read(task.checkpoint_out).evaluated_model)
    images = (digits.test.images - digits.mean[0]) / digits.std[0]
    with torch.no_grad():
        right = model.eval()(images).argmax(1) == digits.test.labels
    assert report.test_accuracy == pytest.approx(right.double().mean().item())


def test_a_finished_checkpoint_is_evaluated_alike_later(segment, digits):
    task = segment(0, 2, measure_test=True)
    report = train_segment(task, digits)
    asked = Evaluation("e", task.architecture, task.recipe, task.data, task.checkpoint_out, "cpu")
    answer = evaluate_test(asked, digits)
    assert answer.outcome == "ok"
    assert answer.test_accuracy == report.test_accuracy
    assert answer.end_epoch == 2


def test_seeds_differ_and_repeat(segment, digits):
    one, same, other = (train_segment(segment(seed=seed), digits) for seed in (1, 1, 2))
    assert one.checkpoint_sha256 == same.checkpoint_sha256
    assert one.checkpoint_sha256 != other.checkpoint_sha256


def test_a_learning_rate_without_bounds_diverges(segment, digits):
    task = segment(0, 2, recipe=Recipe(2, 32, learning_rate=1e30, precision="float32"))
    report = train_segment(task, digits)
    assert report.outcome == "diverged"
    assert "epoch 1, step" in report.reason
    assert not Path(task.checkpoint_out).exists()


def failing(error):
    def build(architecture, shape):
        raise error

    return build


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "out_of_memory"),
        (MemoryError(), "out_of_memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes"), "out_of_memory"),
        (ValueError("two\nlines"), "error"),
    ],
)
def test_what_goes_wrong_is_an_outcome_in_one_line(segment, digits, error, outcome):
    report = train_segment(segment(), digits, failing(error))
    assert report.outcome == outcome
    assert report.reason
    assert "\n" not in report.reason


def test_memory_that_is_really_refused_is_told(segment, digits):
    report = train_segment(segment(), digits, lambda architecture, shape: torch.empty(2**60))
    assert report.outcome == "out_of_memory", report.reason


def test_a_damaged_or_foreign_checkpoint_is_told_apart(segment, digits):
    first = segment(0, 1)
    train_segment(first, digits)
    foreign = segment(1, 2, first.checkpoint_out, architecture=carrying("none").to_json())
    assert train_segment(foreign, digits).outcome == "bad_checkpoint"
    with Path(first.checkpoint_out).open("r+b") as file:
        file.truncate(1000)
    for task in (segment(1, 2, first.checkpoint_out), segment(1, 2, "/no/such.pt")):
        report = train_segment(task, digits)
        assert report.outcome == "bad_checkpoint"
        assert task.checkpoint_in in report.reason


SCRIPT = """
import sys
from workers.data import load
from workers.protocol import Segment
from workers.recipe import Recipe
from workers.datasets import DataSpec
from workers.train import train_segment
spec = DataSpec(train_images=320)
task = Segment("a", sys.argv[1], Recipe(2, 64), spec, 3, 0, 2, None, sys.argv[2], "cpu")
print(train_segment(task, load(spec)).checkpoint_sha256)
assert not {"ray", "mlflow", "optuna", "torchvision"} & set(sys.modules)
"""


def test_two_processes_with_one_thread_give_the_same_bytes(architecture, tmp_path):
    digests = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT, architecture.to_json(), str(tmp_path / name)],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=True,
            capture_output=True,
        ).stdout
        for name in ("a.pt", "b.pt")
    ]
    assert digests[0] == digests[1]
    assert digests[0].strip()

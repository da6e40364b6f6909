from dataclasses import replace

import pytest
import torch

from search_spaces.architecture import Architecture, Choice, Placement
from search_spaces.build import build
from tests.workers.conftest import BACKBONE
from workers import checkpoint as checkpoints
from workers import inherit, run
from workers.inherit import score_inherited
from workers.protocol import Inheritance
from workers.recipe import Recipe
from workers.train import train_segment

RECIPE = Recipe(epochs=4, batch_size=64)


def with_attention(*choices, start="identity"):
    """Each ``(placement, type, axes)``."""
    places = {Placement(*place): Choice.of(kind, axes) for place, kind, axes in choices}
    return Architecture.of(BACKBONE, places, start)


SE = with_attention((("stage2", "pre_add"), "se", {"ratio": 2}))


@pytest.fixture(scope="module")
def backbone(tmp_path_factory, digits):
    """A trained plain backbone's checkpoint."""
    from workers.protocol import Segment

    path = tmp_path_factory.mktemp("backbone") / "plain.pt"
    plain = Architecture.of(BACKBONE).to_json()
    task = Segment("0:4", plain, RECIPE, digits.spec, 3, 0, 4, None, str(path), "cpu")
    report = train_segment(task, digits)
    assert report.outcome == "ok"
    return path, report


@pytest.fixture
def task(backbone, digits):
    def make(architecture=SE, epochs=1, seed=3, **fields):
        made = Inheritance(
            "7:0",
            architecture.to_json(),
            RECIPE,
            digits.spec,
            seed,
            epochs,
            str(backbone[0]),
            "cpu",
        )
        return replace(made, **fields)

    return make


def timeless(report):
    return replace(report, train_seconds=0, evaluation_seconds=0)


def test_the_score_is_that_of_epoch_0_and_a_function_of_its_arguments(task, digits):
    report = score_inherited(task(epochs=2), digits)
    assert (report.key, report.end_epoch, report.outcome) == ("7:0", 0, "ok"), report.reason
    assert len(report.train_loss) == len(report.train_accuracy) == 2
    assert report.train_seconds > 0
    assert timeless(score_inherited(task(epochs=2), digits)) == timeless(report)
    assert timeless(run.execute(task(epochs=2), {})) == timeless(report)
    assert score_inherited(task(epochs=2, seed=4), digits).train_loss != report.train_loss


def test_nothing_of_the_backbone_changes_but_the_inserted_parts_do(task, digits, monkeypatch):
    seen = {}
    train = inherit._train

    def spy(training, epochs):
        before = {k: v.clone() for k, v in training.model.state_dict().items()}
        found = train(training, epochs)
        seen.update(before=before, after=training.model.state_dict())
        return found

    monkeypatch.setattr(inherit, "_train", spy)
    path = task().backbone
    inherited = checkpoints.read(path).evaluated_model
    cbam = with_attention((("stage1", "pre_add"), "cbam", {"ratio": 2, "kernel_size": 3}))
    assert score_inherited(task(cbam, epochs=2), digits).outcome == "ok"
    for name, value in inherited.items():
        assert torch.equal(value, seen["after"][name]), name
        assert torch.equal(value, seen["before"][name]), name
    own = seen["after"].keys() - inherited.keys()
    assert own
    assert any(not torch.equal(seen["before"][k], seen["after"][k]) for k in own)


def test_without_training_the_score_is_the_backbones(task, digits, backbone):
    report = score_inherited(task(epochs=0), digits)
    assert report.validation_accuracy == backbone[1].validation_accuracy
    assert report.train_loss == ()


def test_a_type_without_weights_is_only_evaluated(task, digits, monkeypatch):
    def no_weights(architecture, shape):
        return build(Architecture.of(architecture.backbone), shape)

    report = score_inherited(task(), digits, no_weights)
    assert (report.outcome, report.train_loss) == ("ok", ())


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ((("stage2", "replace_3x3"), "split", {"radix": 2}), "has no place in it"),
        ((("stage3", "stage_end"), "encoder", {"norm": "post"}), "the logits are off by"),
    ],
)
def test_what_does_not_start_as_the_backbone_is_unfit(task, digits, choice, says):
    report = score_inherited(task(with_attention(choice)), digits)
    assert report.outcome == "unfit", report.reason
    assert says in report.reason


@pytest.mark.parametrize("damage", ["missing", "damaged", "another", "flipped"])
def test_a_backbone_that_can_not_be_used_says_so(task, digits, tmp_path, damage):
    path = tmp_path / "other.pt"
    if damage == "damaged":
        path.write_bytes(b"no checkpoint")
    wide = Architecture.of(Choice.of("cifar_resnet", {"depth": 8, "width": 8, "stem_stride": 1}))
    if damage == "another":
        saved = checkpoints.read(task().backbone)
        checkpoints.write(replace(saved, architecture=wide.to_json()), path)
    if damage == "flipped":
        digest = checkpoints.write(checkpoints.read(task().backbone), path).sha256
        whole = path.read_bytes()
        path.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
        told = score_inherited(task(backbone=str(path), backbone_sha256=digest), digits)
        assert (told.outcome, "sha256 differs" in told.reason) == ("bad_checkpoint", True)
        return
    assert score_inherited(task(backbone=str(path)), digits).outcome == "bad_checkpoint"
